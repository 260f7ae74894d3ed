(()=>{const t=document.getElementById("runs");if(!t)return;
const b=t.tBodies[0],rows=[...b.rows],heads=[...t.tHead.rows[0].cells],tools=document.getElementById("tools"),box=document.getElementById("filter"),group=document.getElementById("group"),said=document.getElementById("shown");
const names=heads.map(h=>h.textContent.trim().toLowerCase()),texts=rows.map(r=>[...r.cells].map((c,i)=>names[i]+"="+c.textContent.trim().toLowerCase()).join("\n"));
tools.hidden=false;
const show=()=>{const words=box.value.toLowerCase().split(/\s+/).filter(Boolean),g=group?group.value:"";let n=0;rows.forEach((r,i)=>{const on=words.every(w=>texts[i].includes(w))&&(!g||r.dataset.groups.split(" ").includes(g));r.hidden=!on;n+=on});said.textContent=n+" of "+rows.length+" runs"};
box.oninput=show;if(group)group.onchange=show;show();
heads.forEach((h,i)=>{const k=h.querySelector("button");if(!k)return;k.onclick=()=>{const up=h.getAttribute("aria-sort")!=="ascending";heads.forEach(o=>o.hasAttribute("aria-sort")&&o.setAttribute("aria-sort","none"));h.setAttribute("aria-sort",up?"ascending":"descending");
const keyed=rows.map(r=>{const v=r.cells[i].dataset.v||"",n=v===""||k.dataset.kind==="text"?NaN:Number(v);return{r,v,n}});
keyed.sort((x,y)=>{if((x.v==="")!==(y.v===""))return x.v===""?1:-1;const d=isNaN(x.n)||isNaN(y.n)?x.v.localeCompare(y.v):x.n-y.n;return up?d:-d});
b.append(...keyed.map(x=>x.r))}})})()
