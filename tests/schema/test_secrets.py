"""Secrets: masked by one rule, for their names and their forms, wherever they enter an entry."""

import itertools
import json
from typing import Any, ClassVar

import pytest

from mllog_callbacks import AuditLog, EventType, audit_context
from mllog_callbacks.schema import _secrets as secrets
from mllog_callbacks.schema import assigned, encode, is_secret, masked, masked_text
from mllog_callbacks.schema._secrets import may_hold_secret
from recorded import Entries

SECRET = "hunter2"  # noqa: S105 - which is the point
LONG = "a1b2c3d4e5" * 3 + SECRET

IN_TEXTS = [
    f"postgresql://ml:{SECRET}@db.internal:5432/credit",
    "postgresql+psycopg2://ml:hun/hunter2/ter@db/credit",
    f"redis://:{SECRET}@localhost:6379/0",
    f"https://user:{SECRET}@registry.example.com/x",
    f"https://{LONG}@github.com/acme/repo.git",
    f"host=db user=ml password={SECRET} dbname=credit",
    f"Server=db;Uid=ml;Pwd={SECRET};Database=x",
    f"AccountName=a;AccountKey={SECRET}{SECRET}==;EndpointSuffix=x",
    f"jdbc:mysql://db/x?user=ml&password={SECRET}",
    f"Authorization: Bearer {SECRET}.abc",
    "Authorization: Basic bWw6aHVudGVyMg==",
    f"curl -H 'Authorization: Bearer {SECRET}' https://example.com",
    f"a request with Bearer {LONG} was refused",
    f"Cookie: sid={SECRET}; other={SECRET}",
    f"{{'api_key': '{SECRET}', 'lr': 0.1}}",
    f'{{"password": "{SECRET}"}}',
    rf"{{\"password\": \"{SECRET}\"}}",
    f"Settings(api_key='{SECRET}', lr=0.1)",
    f"Settings(api_key={SECRET})",
    f"train.py --token {SECRET} --lr 3",
    f"train.py --api-key={SECRET}",
    f"environ({{'AWS_SECRET_ACCESS_KEY': '{SECRET}', 'HOME': '/root'}})",
    f"PGPASSWORD={SECRET} psql",
    f"Invalid api key: {SECRET}",
    f"auth=('ml', '{SECRET}')",
    f"api_keys=['{SECRET}', '{SECRET}']",
    f"s3://bucket/x?X-Amz-Signature={SECRET}&X-Amz-Date=1",
    f"https://example.blob.core.windows.net/c?sv=2020&sig={SECRET}%3D",
    f"https://hooks.slack.com/services/T0/B0/{SECRET}",
    f"<settings><password>{SECRET}</password></settings>",
    f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----",
    f"-----BEGIN PRIVATE KEY-----\n{SECRET}",
    *(
        f"refused {beginning}{LONG}"
        for beginning in ("hf" + "_", "gh" + "p_", "sk" + "-proj-", "xo" + "xb-", "glp" + "at-")
    ),
    f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.{SECRET}",
]

PLAIN_TEXTS = [
    "eos_token=</s>, pad_token='[PAD]', max_tokens=100, pad_token_id=0",
    "tokenizer=bert-base, author=Anna, monkey=3",
    "Unexpected token: }",
    "token: end",
    "key=age, sort_key=name, primary_key=id",
    "password_strength=0.3",
    "passed=True, n_pass=3, passes=3",
    "use_auth_token=True, token=None",
    "DB_PASSWORD=${DB_PASSWORD}",
    "pin_memory=True, key_padding_mask=None, token_type_ids=3",
    "http://localhost:8080/path@3",
    "ssh://git@github.com/org/repo and git@github.com:org/repo.git",
    "s3://bucket/key.csv",
    "https://example.com/a?b=c",
    "Basic statistics: 3 rows, bearer of news",
    "max_depth=8, n_estimators=500",
]


@pytest.mark.parametrize("text", IN_TEXTS)
def test_secrets_in_texts_are_masked(text: str) -> None:
    """For their form, or the name that stands before them; the rest of the text stays."""
    found = masked_text(text)
    assert SECRET not in found
    assert "bWw6" not in found
    assert "***" in found
    assert masked_text(found) == found


@pytest.mark.parametrize("text", PLAIN_TEXTS)
def test_other_texts_stay_as_they_are(text: str) -> None:
    """Pieces of text are also called tokens, and columns keys."""
    assert masked_text(text) == text


def test_the_rest_of_a_text_stays() -> None:
    """A reader still sees which server, which user, which setting."""
    assert masked_text(IN_TEXTS[0]) == "postgresql://ml:***@db.internal:5432/credit"
    assert masked_text("lr=0.1, api_key=hunter2, depth=3") == "lr=0.1, api_key=***, depth=3"
    assert masked_text("password=hunter2.") == "password=***."


@pytest.mark.parametrize(
    "name",
    [
        "api_key",
        "apiKey",
        "X-API-Key",
        "HF_TOKEN",
        "hfToken",
        "token",
        "db_password",
        "PGPASSWORD",
        "smtp_pass",
        "aws_secret_access_key",
        "Authorization",
        "auth",
        "cookies",
        "credentials",
        "private_key",
        "client_secret",
        "auth_tokens",
        "passwd",
        "jwt",
        "Set-Cookie",
    ],
)
def test_names_of_secrets(name: str) -> None:
    """In each spelling."""
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "eos_token",
        "max_tokens",
        "tokens",
        "num_tokens",
        "tokenizer",
        "key",
        "sort_key",
        "keys",
        "author",
        "passes",
        "n_passes",
        "pin_memory",
        "PWD",
        "token_type_ids",
        "compass",
        "",
        "7",
    ],
)
def test_other_names(name: str) -> None:
    """Which resemble them."""
    assert not is_secret(name)


class Settings:
    """An object that shows its secret when it is asked for a text."""

    api_key: ClassVar[str] = SECRET

    def __repr__(self) -> str:
        return f"Settings(api_key={self.api_key!r})"


SNAPSHOTS: list[Any] = [
    {"api_key": SECRET},
    {"context": {"hf_token": SECRET, "job": 1}},
    {"a": {"b": {"headers": {"Authorization": SECRET}}}},
    {"variables": [{"name": "DB_PASSWORD", "value": SECRET}]},
    {"variable": {"name": "DB_PASSWORD", "value": SECRET}},
    {"argv": ["train.py", "--password", SECRET, "--lr", "3"]},
    {"pairs": [("password", SECRET)]},
    {"cookies": {"sid": SECRET}},
    {"auth": ["ml", SECRET]},
    {"dsn": f"ml/{SECRET}@db:1521/x"},
    {"key": LONG},
    {"password": SECRET.encode()},
    {"token": Settings()},
    {"trainer": Settings()},
    {f"password={SECRET}": 1},
    {"url": IN_TEXTS[0], "x": 0.5},
    {"text": "x" * 990 + f" password={SECRET}" + "x" * 3_000},
]


@pytest.mark.parametrize("snapshot", SNAPSHOTS, ids=str)
def test_snapshots_hold_no_secret(snapshot: dict[str, object]) -> None:
    """However deep it is, and whatever it is kept in."""
    line = encode(EventType.MODEL_SAVED, metrics_snapshot=snapshot).decode()
    assert SECRET not in line
    assert SECRET not in str(masked({name: str(value) for name, value in snapshot.items()}))


@pytest.mark.parametrize("field", ["dataset", "model", "decision", "reasoning"])
def test_the_other_fields_hold_no_secret(field: str) -> None:
    """Nor do two entries in a row, which have their beginning in common."""
    for _ in range(2):
        given: dict[str, Any] = {field: IN_TEXTS[0]}
        line = json.loads(b"{" + encode(EventType.MODEL_SAVED, **given).lstrip(b"{"))
        assert line[field] == "postgresql://ml:***@db.internal:5432/credit"


def test_numbers_and_counts_are_no_secrets() -> None:
    """A column may be called so; only what a caller hands over as a password is masked."""
    snapshot = {"missing": {"password": 12}, "n": {"secret": 3}, "token": True, "cookie": None}
    line = json.loads(b"{" + encode(EventType.MODEL_SAVED, metrics_snapshot=snapshot).lstrip(b"{"))
    assert line["metrics_snapshot"] == snapshot
    given = {"password": 1234, "max_password_length": 12, "hf_token": None, "lr": 0.1}
    assert masked(given) == {**given, "password": "***"}
    assert assigned({"lr": 0.1, "api_key": "x"}) == "lr=0.1, api_key=***"


def test_a_callers_objects_stay_as_they_are() -> None:
    """A copy is masked; what is no collection is returned as it is."""
    given = {"headers": {"Cookie": SECRET}, "model": Settings(), "rows": [1, 2]}
    kept = masked(given)
    assert kept == {"headers": {"Cookie": "***"}, "model": given["model"], "rows": [1, 2]}
    assert given["headers"] == {"Cookie": SECRET}


def test_the_context_is_masked_too(log: AuditLog, entries: Entries) -> None:
    """What `audit_context` adds to each entry, and names it gives."""
    with audit_context(dataset=IN_TEXTS[0], api_key=SECRET, job=7):
        log.emit("MODEL_SAVED")
    (entry,) = entries()
    assert entry.metrics_snapshot == {"context": {"api_key": "***", "job": 7}}
    assert entry.dataset == "postgresql://ml:***@db.internal:5432/credit"


def test_the_quick_look_misses_none() -> None:
    """What decides whether a text is looked at closely."""
    assert all(map(may_hold_secret, IN_TEXTS))
    assert not may_hold_secret("Iteration 20 of 1,000 is done: valid binary_logloss 0.4321.")


def _with(text: str, others: dict[str, str]) -> str:
    for letter, other in others.items():
        text = text.replace(letter, other)
    return text


@pytest.mark.parametrize(
    "like", [{}, {"i": "\u0131", "s": "\u017f"}, {"i": "\u0130", "k": "\u212a"}]
)
def test_a_quick_look_overlooks_no_connection(like: dict[str, str]) -> None:
    """Also of letters that are one in another case: a long s, a dotless i, the sign of kelvin."""
    parts = ("dsn", "conn", "connection", "str", "string", "url", "uri", "db", "broker", "_", "x")
    for pieces in itertools.product(parts, repeat=3):
        plain = "".join(pieces)
        for name in _with(plain, like), plain.upper():
            found = secrets._is_connection(name)  # noqa: SLF001 - the quick look before it
            assert found == (secrets._CONNECTION.search(name) is not None)  # noqa: SLF001
