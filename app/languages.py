"""The app's own words in the reader's language. What the data or the playbook says stays as the company wrote it.

English stands in the code; the other languages in `locales/<language>.po`, which `make words` keeps complete.
"""

import ast
import gettext
from contextvars import ContextVar
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from babel.numbers import format_decimal

LANGUAGES = {"en": "English", "pl": "Polski", "de": "Deutsch"}
DEFAULT = "en"
CATALOGS = Path(__file__).parent / "locales"

# The functions whose first arguments are texts to translate, with how many of them are.
KEYWORDS = {"_": 1, "n_": 2, "N_": 1}

_LOCALES = {code: Locale.parse(code) for code in LANGUAGES}
_language: ContextVar[str] = ContextVar("language", default=DEFAULT)


def use(language: str) -> None:
    """Speak one of `LANGUAGES` from here on, in this thread alone."""
    _language.set(language)


def current() -> str:
    """The code of the language that is spoken."""
    return _language.get()


def locale() -> Locale:
    """How numbers and dates are written in it."""
    return _LOCALES[current()]


def closest(preferred: str | None) -> str:
    """The language for a browser that asks for 'de-AT' or the like; English where we speak none of its own."""
    code = (preferred or DEFAULT).lower().partition("-")[0]
    return code if code in LANGUAGES else DEFAULT


def _(message: str, **values: object) -> str:
    """A text in the reader's language, with its `{names}` filled in."""
    text = _translations(current()).gettext(message)
    return text.format(**values) if values else text


def n_(singular: str, plural: str, number: float, **values: object) -> str:
    """A text for a number of things, in the form that the language has for it; `{count}` is the number itself."""
    text = _translations(current()).ngettext(singular, plural, int(number))
    return text.format(count=format_decimal(int(number), locale=locale()), **values)


def N_(message: str) -> str:
    """Mark a text that is translated where it is shown, not where it stands."""
    return message


@cache
def _translations(language: str) -> gettext.NullTranslations:
    if language == DEFAULT:
        return gettext.NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, read_catalog(language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def read_catalog(language: str):
    """The catalog of a language as Babel holds it."""
    with (CATALOGS / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def texts_of_code() -> list[str | tuple[str, str]]:
    """Every text that the app asks a translation for, one with a plural as both its forms.

    From the syntax tree: Babel's own extraction reads no f-string before Python 3.12.
    """
    modules = sorted(Path(__file__).parent.rglob("*.py"))
    trees = [ast.parse(module.read_text(encoding="utf-8")) for module in modules]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    texts: dict[str | tuple[str, ...], None] = {}
    for call in calls:
        count = KEYWORDS.get(call.func.id, 0) if isinstance(call.func, ast.Name) else 0
        found = tuple(argument.value for argument in call.args[:count] if isinstance(argument, ast.Constant))
        if found:
            texts[found if count > 1 else found[0]] = None
    return list(texts)


def update_catalogs() -> None:
    """Bring the catalogs in line with the code: new texts come in untranslated, those that are gone leave."""
    template = Catalog()
    for message in texts_of_code():
        template.add(message)
    for language in LANGUAGES:
        if language != DEFAULT:
            catalog = read_catalog(language)
            catalog.update(template, no_fuzzy_matching=True)
            catalog.obsolete.clear()
            with (CATALOGS / f"{language}.po").open("wb") as file:
                write_po(file, catalog, width=120, sort_output=True, omit_header=True)
            missing = [message.id for message in catalog if message.id and not all(_texts(message.string))]
            print(f"{LANGUAGES[language]}: {len(catalog)} texts, {len(missing)} to translate")


def _texts(string: str | tuple[str, ...]) -> tuple[str, ...]:
    return string if isinstance(string, tuple) else (string,)


if __name__ == "__main__":
    update_catalogs()
