"""A module of Synapse that answers requests which Synapse itself answers with 5xx, with a reset or too late.

Each function that is replaced here is read first, so that an upgrade of Synapse that renames it fails at the start. docs/mobile.md lists the answers.
"""

import logging
import re
from http import HTTPStatus
from typing import Any

from synapse.api.errors import Codes, LoginError, SynapseError
from synapse.http import servlet
from synapse.http.server import JsonResource
from synapse.http.site import SynapseRequest
from synapse.media.url_previewer import UrlPreviewer
from synapse.module_api import ModuleApi

logger = logging.getLogger(__name__)

# Milliseconds that a request for news is held at most: the load balancer ends one that is silent for 60 seconds.
MAX_TIMEOUT = 50_000
# Bodies up to this many times the limit are read to their end, without being kept, and answered with 413.
MAX_READ = 4

# Escapes of the characters that neither JSON in PostgreSQL nor UTF-8 can hold: NUL, and halves of surrogate pairs.
ESCAPES = re.compile(rb"\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})")
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
NUL_IN_ADDRESS = re.compile(rb"%00")

parse_body = servlet.parse_json_value_from_request
find_handler = JsonResource._get_handler_for_request
handle_chunk = SynapseRequest.handleContentChunk
preview = UrlPreviewer.preview


def is_unstorable(value: Any) -> bool:
    if isinstance(value, str):
        return UNSTORABLE.search(value) is not None
    if isinstance(value, dict):
        return any(is_unstorable(key) or is_unstorable(item) for key, item in value.items())
    return isinstance(value, list) and any(map(is_unstorable, value))


def parse_storable_body(request: Any, *args: Any, **kwargs: Any) -> Any:
    """Text that no database can store is the client's mistake. Synapse finds out when it stores it, and answers 500."""
    content = request.content.read()
    request.content.seek(0)
    value = parse_body(request, *args, **kwargs)
    # Emoji may be escaped as pairs, which are whole once they are parsed.
    if ESCAPES.search(content) and is_unstorable(value):
        raise SynapseError(
            HTTPStatus.BAD_REQUEST,
            "The text holds NUL or half of a surrogate pair",
            Codes.BAD_JSON,
        )
    return value


def find_handler_within_limits(resource: JsonResource, request: SynapseRequest) -> Any:
    if NUL_IN_ADDRESS.search(request.uri):
        raise SynapseError(HTTPStatus.BAD_REQUEST, "The address holds NUL", Codes.INVALID_PARAM)
    timeout = (request.args or {}).get(b"timeout", [b""])[0]
    if timeout.isdigit() and (len(timeout) > 9 or int(timeout) > MAX_TIMEOUT):
        request.args[b"timeout"] = [str(MAX_TIMEOUT).encode()]
    return find_handler(resource, request)


def handle_chunk_within_limits(request: SynapseRequest, data: bytes) -> None:
    """Synapse resets the connection at the first byte over the limit, which a load balancer reports as 502. A body whose
    length is known is read on instead: Synapse then answers 413 by its length."""
    limit = request._max_request_body_size
    if request.content.tell() + len(data) > limit:
        length = (request.requestHeaders.getRawHeaders(b"content-length") or [b""])[0]
        if length.isdigit() and len(length) <= 12 and limit < int(length) <= MAX_READ * limit:
            # Synapse closes the connection behind the answer: nobody may send another request on it.
            request.responseHeaders.setRawHeaders(b"Connection", [b"close"])
            return
    handle_chunk(request, data)


async def preview_or_not_found(previewer: UrlPreviewer, *args: Any, **kwargs: Any) -> bytes:
    """A page that can't be fetched is no error of the homeserver."""
    try:
        return await preview(previewer, *args, **kwargs)
    except SynapseError as error:
        if error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        raise SynapseError(HTTPStatus.NOT_FOUND, "The page can't be fetched", Codes.NOT_FOUND)


class Requests:
    def __init__(self, config: dict[str, Any], api: ModuleApi) -> None:
        # Not at the top: authlib, which it loads, warns on stderr until Synapse has set its log up.
        from synapse.handlers.jwt import JwtHandler

        validate_token = JwtHandler.validate_login

        def validate_any_token(handler: JwtHandler, *args: Any) -> Any:
            """A token whose header names an unknown key, or that is no token at all, is refused like a wrong signature."""
            try:
                return validate_token(handler, *args)
            except (AttributeError, KeyError, TypeError, ValueError):
                logger.info("Refused a token that can't be read or whose key is unknown")
                raise LoginError(
                    HTTPStatus.FORBIDDEN,
                    "JWT validation failed: unknown key or malformed token",
                    errcode=Codes.FORBIDDEN,
                )

        servlet.parse_json_value_from_request = parse_storable_body
        JsonResource._get_handler_for_request = find_handler_within_limits
        SynapseRequest.handleContentChunk = handle_chunk_within_limits
        UrlPreviewer.preview = preview_or_not_found
        JwtHandler.validate_login = validate_any_token
