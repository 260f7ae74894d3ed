"""Secrets: the one rule by which they are masked, wherever a value enters an entry.

A value is masked for its name (``api_key``, ``DB_PASSWORD``, ``Authorization``) or for its own
form (a URL with a password, a bearer token, a private key). The rule is the same in mappings,
lists, texts and sentences; `docs/secrets.md` describes it for users. Numbers, booleans and None
are no secrets, but where a caller handed them over as a password.
"""

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from mllog_callbacks._lazy import pattern

__all__ = [
    "MASK",
    "hidden",
    "is_secret",
    "masked",
    "masked_items",
    "masked_list",
    "masked_text",
    "may_hold_secret",
    "may_name_secret",
]

MASK: Final = "***"
"""What stands in the place of a secret."""

_DEPTH: Final = 8
_ITEMS: Final = 1_000
_SHORT: Final = 32  # characters of a text that is remembered
_LONG: Final = 16  # letters and digits in a row, from which on a text may be a token


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD: Final = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

# Words of a name by which any text under it is a secret
_STRICT: Final = _words(
    "password passwords passwd passwds passphrase passcode pwd secret secrets credential "
    "credentials creds cookie cookies authorization authorisation bearer jwt apikey apikeys "
    "apitoken accesskey secretkey privatekey accesstoken authtoken kennwort passwort totp"
)
_ENDINGS: Final = (
    *("password", "passwd", "passphrase", "apikey", "secret", "secretkey", "accesskey"),
    *("privatekey", "accesstoken", "authtoken", "apitoken", "refreshtoken"),
)
"""Of words that run together, as in ``PGPASSWORD``."""

_LAST: Final = frozenset({"token", "auth", "pass", "pw", "pwd", "cred", "otp", "pin"})
"""Words that say so only as the last one of a name: ``hf_token``, ``smtp_pass``."""

_NUMBERS: Final = _words("password passwd pwd passcode pass pw pin otp totp kennwort passwort")
"""Words by which a number is a secret, too, where a caller hands it over."""

_COUNTS: Final = _words("n num nr no count max min first last per")

_KEYS: Final = _words(
    "access account api app auth client consumer decryption deploy encryption hmac license master "
    "private secret service shared signing ssh ssl storage subscription webhook"
)
"""What a ``key`` is for, where it is a secret one."""

_TOKENS: Final = _words(
    "access api auth bearer deploy device github gitlab hf hub huggingface id jwt oauth personal "
    "push refresh secret security service session slack user wandb"
)
"""What ``tokens``, in the plural, are for, where they are secrets: others are pieces of text."""

_OF_TEXT: Final = _words(
    "added audio begin bos boundary bot box class cls dec decoder end eoh eoi eol eom eos eot eow "
    "fake file fim first image img input instruction lang language last mask max middle min next "
    "num output pad padding per placeholder prefix prompt response sentinel sep separator special "
    "start stop suffix system think tool unk unknown video vocab"
)
"""What a ``token`` is, where it is a piece of text: ``mask_token``, ``eos_token``."""

_NO_SECRETS: Final = frozenset({"", "none", "null", "true", "false", "yes", "no", MASK})
_REFERENCE: Final = pattern(r"\$\{[^}]*\}|\{\{[^}]*\}\}|\$[A-Z_][A-Z0-9_]*")
_PIECE: Final = pattern(r"[\"']?(?:<[^<>\s]{0,20}>|\[[^\[\]\s\"',]{0,20}\])[\"']?")
_LIKE_A_KEY: Final = pattern(r"(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9+_\-]{20,}={0,2}")

_CONNECTION: Final = pattern(
    r"dsn|conn(ection)?_?(str(ing)?|ur[il])|(database|db|broker|redis|mongo|amqp)_?ur[il]",
    re.IGNORECASE,
)
_OF_CONNECTIONS: Final = ("dsn", "conn", "url", "uri", "ur\u0131")
"""Each name that `_CONNECTION` finds has one; the dotless i is one where case is ignored."""

_USER_AT: Final = pattern(r"[^\s@]+@")

# ---- Texts

_HINTS: Final = (
    "pass",
    "pw",
    "secret",
    "token",
    "key",
    "cred",
    "cookie",
    "auth",
    "://",
    "bearer",
    "wort",
)
"""Parts of what may stand before a secret; few, since each is searched in every text."""

_BEGINNINGS: Final = (
    *("AKIA", "ASIA", "AIza", "ya29.", "eyJ", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    *("github_pat_", "glpat-", "hf_", "sk-", "sk_", "rk_", "xox", "npm_", "pypi-", "dop_v1_"),
    *("SG.", "dapi", "ATATT", "lsv2_", "r8_", "nvapi-", "gsk_", "hvs.", "whsec_", "dckr_pat_"),
)
_SHAPE: Final = bytes(
    ord("x") if chr(each).isalnum() and each < 128 else each if chr(each) in "=:" else ord(" ")  # noqa: PLR2004 - ASCII
    for each in range(256)
)
_RUN: Final = b"x" * _LONG

_TOKEN: Final = pattern(
    r"(?<![A-Za-z0-9])(?:"
    r"A[KS]IA[A-Z0-9]{16}|AIza[\w\-]{30,}|ya29\.[\w\-]{20,}"
    r"|eyJ[\w\-]{8,}\.[\w\-]{8,}(?:\.[\w\-]*)?"
    r"|gh[opsur]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w\-]{16,}|hf_[A-Za-z0-9]{20,}"
    r"|[sr]k[-_](?:(?:live|test|proj|ant|or|svcacct|admin)[-_])?(?=[\w\-]*\d)[\w\-]{16,}"
    r"|xox[a-z]-[\w\-]{10,}|npm_[A-Za-z0-9]{20,}|pypi-[\w\-]{20,}|dop_v1_[a-f0-9]{32,}"
    r"|SG\.[\w\-]{16,}\.[\w\-]{16,}|dapi[a-f0-9]{32}|ATATT[\w\-=]{20,}|lsv2_\w{20,}"
    r"|r8_[A-Za-z0-9]{20,}|nvapi-[\w\-]{20,}|gsk_[A-Za-z0-9]{20,}|hvs\.[\w\-]{20,}"
    r"|whsec_[\w+/=]{16,}|dckr_pat_[\w\-]{16,}"
    r")"
)
_PEM: Final = pattern(
    r"(-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----)"
    r".*?(-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|\Z)",
    re.DOTALL,
)
_WEBHOOK: Final = pattern(
    r"(https://(?:hooks\.slack\.com/(?:services|workflows)|discord(?:app)?\.com/api/webhooks)/)"
    r"[^\s\"'<>]+",
    re.IGNORECASE,
)
_USER: Final = pattern(r"([A-Za-z][\w+.\-]*://)([^\s/@:\"'<>]*)(:(?!\d+(?:[/?#]|$))[^\s\"'<>]*)?@")
_SCHEME: Final = pattern(r"\b(Bearer|Basic)(\s+)([A-Za-z0-9._~+/\-]{6,}=*)", re.IGNORECASE)
_QUERY: Final = pattern(
    r"([?&;](?:key|sig|signature|code|auth|pass|pw|x-amz-signature|x-goog-signature)=)[^&\s#\"'<>]+",
    re.IGNORECASE,
)
_CORE: Final = (
    "(?:passw|passphrase|passcode|pwd|secret|token|key|cred|cookie|authori[sz]ation|auth|pass|pw"
    "|bearer|kennwort)"
)
_QUOTED: Final = r"[bruf]?\\?\"(?:[^\"\\]|\\.)*\"?|[bruf]?'(?:[^'\\]|\\.)*'?"
_ELEMENT: Final = pattern(
    rf"(<([\w:.\-]*{_CORE}[\w:.\-]*)(?:\s[^<>]*)?>)([^<]+)(?=</)", re.IGNORECASE
)
_FLAG: Final = pattern(
    rf"(?<!\S)(--?([\w\-]*{_CORE}[\w\-]*)[ \t]+)(?!-)(\"[^\"]*\"|'[^']*'|\S+)", re.IGNORECASE
)
_ASSIGNED: Final = pattern(
    rf"(?<![\w.\-])(?P<name>(?:(?:access|api|auth|private|secret)[ ])?[\w.\-]*{_CORE}[\w.\-]*)"
    r"(?P<sign>\\?[\"']?\]?[ \t]*(?:=>|==?|:)[ \t]*)"
    rf"(?P<value>\$\{{[^}}]*\}}|\{{\{{[^}}]*\}}\}}|{_QUOTED}|\[[^\]]*\]?|\([^)]*\)?|\{{[^}}]*\}}?"
    r"|(?:Bearer|Basic|Token|Digest|Negotiate)[ \t]+[^\s\"'<>]+"
    r"|(?:[^\s,;&)\]}\"'<>]|[,)\]}](?![\s,;.)\]}]|$))+)",
    re.IGNORECASE,
)
_PAIRED: Final = pattern(
    rf"((?:\(['\"]|['\"]-|(?:name|key)['\"]?[:=] ?['\"])([\w.\-]*{_CORE}[\w.\-]*)['\"],"
    rf" ?(?:['\"]?value['\"]?[:=] ?)?)(?!['\"]-)({_QUOTED})",
    re.IGNORECASE,
)
"""Names with their values as lists and pairs are written: ``['--token', 'x']``."""

_COOKIE: Final = pattern(
    r"(?<![\w.\-])((?:set-)?cookie2?[ \t]*:[ \t]*)(?![\"'\[{(])[^\r\n\"']+", re.IGNORECASE
)


@lru_cache(maxsize=10_000)
def is_secret(name: str) -> bool:
    """Whether a text under this name is a secret, as of ``api_key``, ``dbPassword``, ``HF_TOKEN``.

    Not of pieces of text (``eos_token``, ``max_tokens``), nor of keys that are none
    (``sort_key``, ``primary_key``).
    """
    words = [each.lower() for each in _WORD.findall(name[:200])]
    if not words or name in {"PWD", "OLDPWD"}:  # the working directory
        return False
    if not _STRICT.isdisjoint(words) or any(each.endswith(_ENDINGS) for each in words):
        return True
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last in {"key", "keys"} or (last == "id" and before == "key"):
        return not _KEYS.isdisjoint(words)
    if last in {"token", "tokens"}:
        plural = last == "tokens"
        return not _TOKENS.isdisjoint(words) if plural else before not in _OF_TEXT
    return last in _LAST


@lru_cache(maxsize=10_000)
def may_name_secret(name: str) -> bool:
    """Whether a text under this name needs a closer look, for its form or the names beside it."""
    return name == "value" or is_secret(name) or _is_key(name) or _is_connection(name)


@lru_cache(maxsize=1_000)
def _is_number_secret(name: str) -> bool:
    """Whether a number under this name is one too, as a ``pin``; but not what counts passwords."""
    words = [each.lower() for each in _WORD.findall(name[-200:])]
    return words[-1] in _NUMBERS and (len(words) == 1 or words[-2] not in _COUNTS)


def hidden(value: object, *, numbers: bool = False) -> object:
    """A value that stands under a secret's name, masked; of a collection, each item.

    Args:
        value: Any value.
        numbers: Whether integers are masked, too: where a caller handed over a password, but not
            where a program counted something.
    """
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return MASK if numbers else value
    if isinstance(value, str):
        plain = value.strip().lower() in _NO_SECRETS or _REFERENCE.fullmatch(value)
        return value if plain else MASK
    if isinstance(value, Mapping):
        return {
            str(name): hidden(item, numbers=numbers) for name, item in islice(value.items(), _ITEMS)
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [hidden(item, numbers=numbers) for item in islice(value, _ITEMS)]
    return MASK


def masked(value: Any, name: str = "", *, depth: int = 0) -> Any:  # noqa: ANN401 - of any type
    """A value as it may be shown: secrets in it masked, by their names and their forms.

    Of mappings, lists and tuples a copy is returned; any other object, such as a table or a model,
    is returned as it is: what is shown of it is to be masked then.

    Args:
        value: Any value, such as the arguments of a call or the settings of a program.
        name: The name that it has, if any.
        depth: How deep it is nested.
    """
    if name and is_secret(name) and not _is_piece(value):
        return hidden(value, numbers=_is_number_secret(name))
    if isinstance(value, str):
        if name and _is_connection(name):
            return _connection(value)
        return MASK if name and _may_be_key(name, value) else masked_text(value)
    if depth >= _DEPTH:
        return value
    if isinstance(value, Mapping):
        items = masked_items(list(islice(value.items(), _ITEMS)))
        return {_name(key): masked(item, str(key), depth=depth + 1) for key, item in items}
    if type(value) in {list, tuple}:
        return [masked(item, depth=depth + 1) for item in masked_list(list(value[:_ITEMS]))]
    return value


def masked_items(items: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """The items of a mapping, with those under a secret's name masked.

    Also the ``value`` of a mapping whose ``name`` or ``key`` is such a name, as Kubernetes has
    variables of the environment.
    """
    if not any(isinstance(name, str) and may_name_secret(name) for name, _ in items):
        return items
    kept = [
        (name, _under(name, item)) if isinstance(name, str) else (name, item)
        for name, item in items
    ]
    names = {name: item for name, item in kept if name in {"name", "key", "value"}}
    about = names.get("name", names.get("key"))
    if "value" in names and isinstance(about, str) and is_secret(about):
        return [(name, hidden(item) if name == "value" else item) for name, item in kept]
    return kept


def masked_list(items: list[Any]) -> list[Any]:
    """The items of a list, without those that follow a flag or name of a secret.

    As in ``["--password", "hunter2"]`` and ``("password", "hunter2")``.
    """
    kept = list(items)
    for place, item in enumerate(items[1:], 1):
        flag = items[place - 1]
        if not isinstance(flag, str) or not isinstance(item, str) or not is_secret(flag):
            continue
        pair = len(items) == 2 and " " not in flag  # noqa: PLR2004 - a name and its value
        if (flag.startswith("-") and "=" not in flag and not item.startswith("-")) or pair:
            kept[place] = hidden(item)
    return kept


def masked_text(text: str) -> str:
    """A text with the secrets in it masked: those of a known form, and ``name=value``."""
    if len(text) <= _SHORT:
        return _masked_short(text)
    return _masked_text(text) if may_hold_secret(text) else text


@lru_cache(maxsize=10_000)
def _masked_short(text: str) -> str:
    """The same of a short text: names come again and again."""
    return _masked_text(text) if may_hold_secret(text) else text


def may_hold_secret(text: str) -> bool:
    """Whether a closer look is worth its time; quick, and never False where there is a secret."""
    shape = text.encode("utf-8", "replace").translate(_SHAPE)
    low = text.lower()
    if (b"=" in shape or b":" in shape or "--" in text or "('" in text) and any(
        each in low for each in _HINTS
    ):
        return True
    if "bearer" in low or "basic " in low or ("<" in low and "</" in low):
        return True
    return _RUN in shape and any(each in text for each in _BEGINNINGS)


def _masked_text(text: str) -> str:
    if "PRIVATE KEY" in text:
        text = _PEM.sub(rf"\1 {MASK} \2", text)
    if "://" in text:
        text = _USER.sub(_without_user, _WEBHOOK.sub(rf"\g<1>{MASK}", text))
        text = _QUERY.sub(rf"\g<1>{MASK}", text)
    text = _COOKIE.sub(rf"\g<1>{MASK}", text)
    text = _ASSIGNED.sub(_without_value, text)
    text = _SCHEME.sub(_without_credentials, text)
    text = _PAIRED.sub(_without_pair, _FLAG.sub(_without_flag, text))
    if "</" in text:
        text = _ELEMENT.sub(_without_content, text)
    return _TOKEN.sub(MASK, text)


def _under(name: str, item: object) -> object:
    if is_secret(name):
        return item if _is_piece(item) else hidden(item)
    if isinstance(item, str):
        if _is_connection(name):
            return _connection(item)
        if _may_be_key(name, item):
            return MASK
    return item


def _name(key: object) -> object:
    return masked_text(key) if isinstance(key, str) else key


def _is_piece(value: object) -> bool:
    """A piece of text such as ``<eos>`` or ``[MASK]``, which is no secret under any name."""
    return isinstance(value, str) and _PIECE.fullmatch(value) is not None


def _may_be_key(name: str, value: str) -> bool:
    """A ``key`` of no stated kind is a secret where it looks like one, unlike a file's name."""
    return _is_key(name) and _LIKE_A_KEY.fullmatch(value) is not None


def _is_key(name: str) -> bool:
    return name[-3:].lower() == "key"


def _is_connection(name: str) -> bool:
    folded = name.casefold()  # quick: almost no name has one of these
    return any(each in folded for each in _OF_CONNECTIONS) and bool(_CONNECTION.search(name))


def _connection(value: str) -> str:
    """What a program connects by: of no known form, all before the host is masked."""
    found = masked_text(value)
    return found if found != value or "://" in value else _USER_AT.sub(f"{MASK}@", value, count=1)


def _without_user(found: re.Match[str]) -> str:
    scheme, user, password = found.groups()
    web = scheme.lower().startswith(("http", "git+http", "ftp")) and user
    if password is None:
        return f"{scheme}{MASK}@" if web and len(user) >= _LONG else found[0]
    return f"{scheme}{MASK}@" if web else f"{scheme}{user}:{MASK}@"


def _without_value(found: re.Match[str]) -> str:
    name, sign, value = found["name"], found["sign"], found["value"]
    if not is_secret(name):
        return f"{name}{sign}{_ASSIGNED.sub(_without_value, value)}"
    quoted = value[0] in "\"'" or value[:2] in {'b"', "b'", '\\"'}
    inner = value.strip("\"'\\")
    if inner.lower() in _NO_SECRETS or _REFERENCE.fullmatch(inner) or _is_piece(value):
        return found[0]
    if not quoted and ":" in sign and sign[0] not in "\"'" and not _is_strict(name):
        return f"{name}{sign}{MASK}" if _LIKE_A_KEY.fullmatch(inner) else found[0]
    if not quoted and _is_number(inner) and not _is_number_secret(name):
        return found[0]
    stop = "." if value.endswith(".") and not quoted else ""
    mark = (
        (value[:2] if value[0] == "\\" else value[0] if value[0] in "\"'" else value[1])
        if quoted
        else ""
    )
    return f"{name}{sign}{mark}{MASK}{mark}{stop}"


def _is_strict(name: str) -> bool:
    """Whether it names a secret also in a sentence, where ``token: end`` may be of a parser."""
    words = [each.lower() for each in _WORD.findall(name)]
    return not _STRICT.isdisjoint(words) or len(words) > 1


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _without_credentials(found: re.Match[str]) -> str:
    scheme, space, value = found.groups()
    if scheme.lower() == "basic":
        try:
            if b":" not in a2b_base64(value + "=" * (-len(value) % 4)):
                return found[0]
        except Base64Error:
            return found[0]
    elif not re.search(r"[\d._~+/=\-]", value) and len(value) < _LONG:
        return found[0]  # a word behind "bearer"
    return f"{scheme}{space}{MASK}"


def _without_flag(found: re.Match[str]) -> str:
    return f"{found[1]}{MASK}" if is_secret(found[2]) else found[0]


def _without_pair(found: re.Match[str]) -> str:
    before, name, value = found.groups()
    return f"{before}{value[0]}{MASK}{value[-1]}" if is_secret(name) else found[0]


def _without_content(found: re.Match[str]) -> str:
    return f"{found[1]}{MASK}" if is_secret(found[2]) else found[0]
