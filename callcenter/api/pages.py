"""The API document as a page to read: one file, no scripts, nothing from elsewhere."""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from html import escape
from typing import Any

from callcenter.api.problems import KINDS

_STYLE = """
body { font: 16px/1.6 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; color: #1c1e21;
  max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { line-height: 1.25 }
h2 { margin-top: 3rem; border-bottom: 2px solid #b3261e; padding-bottom: .2rem }
h3 { margin: 2.2rem 0 .2rem }
code, pre { font: 14px/1.5 ui-monospace, Consolas, monospace }
pre { background: #f5f5f3; padding: .8rem 1rem; overflow: auto; max-height: 26rem; border-radius: 4px }
table { border-collapse: collapse; width: 100%; margin: .6rem 0 }
td, th { border-bottom: 1px solid #ddd; padding: .3rem .6rem .3rem 0; text-align: left; vertical-align: top }
.method { display: inline-block; min-width: 3.6rem; font-weight: 700; color: #b3261e }
.chinese { color: #555 }
nav a { margin-right: 1rem }
""".strip()
_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def docs_page(document: Mapping[str, Any]) -> str:
    """Write the document as HTML."""
    return "\n".join(_page(document))


def _page(document: Mapping[str, Any]) -> Iterator[str]:
    info = document["info"]
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1">'
    yield f"<title>{escape(info['title'])}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>{escape(info['title'])}</h1>"
    for paragraph in info["description"].split("\n\n"):
        yield f"<p>{escape(paragraph)}</p>"
    yield '<p>The same for programs · 供程序读取: <a href="/api/openapi.json">openapi.json</a></p><nav>'
    for tag in document["tags"]:
        yield f'<a href="#{escape(tag["name"])}">{escape(tag["description"])}</a>'
    yield '<a href="#shapes">Shapes · 数据结构</a><a href="#problems">Problems · 错误</a></nav>'
    for tag in document["tags"]:
        yield f'<h2 id="{escape(tag["name"])}">{escape(tag["description"])}</h2>'
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if tag["name"] in operation["tags"]:
                    yield from _operation(path, method, operation, document)
    yield '<h2 id="shapes">Shapes · 数据结构</h2>'
    for name, schema in document["components"]["schemas"].items():
        yield from _shape(name, schema)
    yield '<h2 id="problems">Problems · 错误</h2>'
    yield "<table><tr><th>Status</th><th>Kind</th><th>Meaning · 含义</th></tr>"
    for status, kind in KINDS.items():
        yield f'<tr id="problem-{kind.slug}"><td>{status}</td><td><code>{kind.slug}</code></td>'
        yield f"<td>{escape(kind.title)} · {escape(kind.chinese)}</td></tr>"
    yield "</table></body></html>"


def _operation(path: str, method: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    yield f'<h3 id="{escape(operation["operationId"])}"><code><span class="method">{method.upper()}</span> '
    yield f"{escape(path)}</code></h3>"
    yield f'<p>{escape(operation["summary"])} <span class="chinese">{escape(operation["description"])}</span>'
    if operation.get("security") == []:
        yield " · no sign-in · 无需身份验证"
    yield "</p>"
    if operation["parameters"]:
        yield "<table><tr><th>Parameter · 参数</th><th>In</th><th>Type · 类型</th><th>Meaning · 含义</th></tr>"
        for one in operation["parameters"]:
            needed = " (needed)" if one["required"] else ""
            yield f"<tr><td><code>{escape(one['name'])}</code>{needed}</td><td>{one['in']}</td>"
            yield f"<td>{_kind(one['schema'])}</td><td>{escape(one['description'])}</td></tr>"
        yield "</table>"
    if "requestBody" in operation:
        for media in operation["requestBody"]["content"].values():
            yield f"<p>Body · 请求内容: {_kind(media['schema'])}</p>{_example(media['example'])}"
    for status, answer in operation["responses"].items():
        whole = _resolved(answer, document)
        for media_type, media in whole.get("content", {"": {}}).items():
            says = f"{escape(whole['description'])} {_kind(media['schema']) if media.get('schema') else media_type}"
            yield f"<p><strong>{status}</strong> {says}</p>"
            if "$ref" not in answer and media.get("example") is not None:
                yield _example(media["example"])


def _shape(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f'<h3 id="shape-{escape(name)}">{escape(name)}</h3><p>{escape(schema.get("description", ""))}</p>'
    if "enum" in schema:
        yield f"<p>{_kind(schema)}</p>"
        return
    yield "<table><tr><th>Field · 字段</th><th>Type · 类型</th><th>Meaning · 含义</th></tr>"
    for field, one in schema.get("properties", {}).items():
        yield f"<tr><td><code>{escape(field)}</code></td><td>{_kind(one)}</td>"
        yield f"<td>{escape(one.get('description', ''))}</td></tr>"
    yield "</table>"


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#shape-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " · ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    return escape(str(schema.get("format", schema.get("type", "any"))))


def _example(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, ensure_ascii=False, indent=2))}</pre>"


def _resolved(answer: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in answer:
        return answer
    found: Mapping[str, Any] = document["components"]["responses"][answer["$ref"].rsplit("/", 1)[-1]]
    return found
