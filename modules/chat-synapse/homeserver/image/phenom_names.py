"""A module of Synapse that keeps display names of people who sign in fit for others to read.

Synapse's templates map a name from Cognito's claims; they can neither find invisible characters nor cut between
characters. What is no name is left out, and Synapse shows the Matrix id.
"""

import re
import unicodedata
from typing import Any

from synapse.module_api import ModuleApi

MAX_NAME = 100

# Letters and marks that are blank, beside everything in the categories of control and format characters.
BLANK = set("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
JOINER, EMOJI_STYLE = "\u200d", "\ufe0f"

# A name of the chat's own accounts, with and without separators.
RESERVED = re.compile(r"phenom(?:$|[\W_]|admin|bot|mcp|moderator|official|support|team)")
TELEPHONE = re.compile(r"[+\d\s().-]+")
UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
# Cognito's names of people who sign in with another provider: its name and the person's id there.
FEDERATED = re.compile(r"(?:google|facebook|loginwithamazon|signinwithapple)_", re.IGNORECASE)


def is_pictograph(text: str) -> bool:
    return text != "" and (unicodedata.category(text) in ("So", "Sk") or text == EMOJI_STYLE)


def is_hidden(name: str, i: int) -> bool:
    if name[i] == JOINER:
        return not (is_pictograph(name[i - 1 : i]) and is_pictograph(name[i + 1 : i + 2]))
    return name[i] in BLANK or unicodedata.category(name[i]) in ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")


def continues(name: str, i: int) -> bool:
    """Whether the character belongs to the one before: marks, modifiers and parts of an emoji, halves of a flag."""
    if name[i] == JOINER or name[i - 1] == JOINER or unicodedata.category(name[i]).startswith("M"):
        return True
    if "\U0001f3fb" <= name[i] <= "\U0001f3ff":
        return True
    before = i
    while before > 0 and "\U0001f1e6" <= name[before - 1] <= "\U0001f1ff":
        before -= 1
    return "\U0001f1e6" <= name[i] <= "\U0001f1ff" and (i - before) % 2 == 1


def public_name(value: Any) -> str | None:
    """A name that everybody may read, at most 100 characters long; none if nothing is left that may be shown."""
    if not isinstance(value, str):
        return None
    text = re.sub(r"\s+", " ", value)
    name = "".join(text[i] for i in range(len(text)) if not is_hidden(text, i)).strip()
    if not any(unicodedata.category(character)[0] in "LNPS" for character in name):
        return None
    if RESERVED.match(unicodedata.normalize("NFKC", name).lower()):
        return None
    if "@" in name or TELEPHONE.fullmatch(name) or UUID.fullmatch(name) or FEDERATED.match(name):
        return None
    end = min(len(name), MAX_NAME)
    while 0 < end < len(name) and continues(name, end):
        end -= 1
    return name[:end].rstrip() or None


class PublicNames:
    def __init__(self, config: dict[str, Any], api: ModuleApi) -> None:
        # Not at the top: authlib, which they load, warns on stderr until Synapse has set its log up.
        from synapse.handlers.jwt import JwtHandler
        from synapse.handlers.oidc import JinjaOidcMappingProvider

        map_user = JinjaOidcMappingProvider.map_user_attributes
        # Beside what another module of ours makes of it.
        validate = JwtHandler.validate_login

        # Synapse looks for the parameter `failures` by its name.
        async def map_public_name(
            provider: JinjaOidcMappingProvider, userinfo: Any, token: Any, failures: int
        ) -> Any:
            attributes = await map_user(provider, userinfo, token, failures)
            return {**attributes, "display_name": public_name(attributes.get("display_name"))}

        def validate_and_name(handler: JwtHandler, *args: Any) -> tuple[str, str | None]:
            user_id, name = validate(handler, *args)
            return user_id, public_name(name)

        JinjaOidcMappingProvider.map_user_attributes = map_public_name
        JwtHandler.validate_login = validate_and_name
