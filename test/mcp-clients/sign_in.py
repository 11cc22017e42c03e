"""sign_in.py <client> <address>: as sign-in.mjs, for clients in Python."""

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, quote, urlparse

name, url = sys.argv[1:]
call = "chat_list_rooms"


class Storage:
    tokens = client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


@asynccontextmanager
async def provider():
    """The SDK's own OAuth code, with the program's web server on a free port."""
    from mcp.client.auth import OAuthClientProvider
    from mcp.shared.auth import OAuthClientMetadata

    answered = asyncio.get_running_loop().create_future()

    async def serve(reader, writer):
        line = (await reader.readline()).decode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        answered.set_result({key: value[0] for key, value in parse_qs(urlparse(line.split()[1]).query).items()})

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]

    async def redirect(to):
        opened = await asyncio.create_subprocess_exec(os.environ["BROWSER"], to)
        assert await opened.wait() == 0, "the browser failed"

    async def callback():
        answer = await answered
        try:
            from mcp.shared.auth import AuthorizationCodeResult
        except ImportError:
            return answer["code"], answer.get("state")
        return AuthorizationCodeResult(code=answer["code"], state=answer.get("state"), iss=answer.get("iss"))

    metadata = OAuthClientMetadata(client_name=name, redirect_uris=[f"http://127.0.0.1:{port}/callback"])
    async with listener:
        yield OAuthClientProvider(url, metadata, Storage(), redirect, callback)


async def session(read, write):
    from mcp import ClientSession

    async with ClientSession(read, write) as session:
        await session.initialize()
        tools = (await session.list_tools()).tools
        called = await session.call_tool(call, {})
        return {"tools": [tool.name for tool in tools], "called": called.model_dump(mode="json")}


async def mcp_1():
    import httpx
    from mcp.client.streamable_http import streamable_http_client

    async with provider() as auth, httpx.AsyncClient(auth=auth) as http:
        async with streamable_http_client(url, http_client=http) as (read, write, _):
            return await session(read, write)


async def mcp_2():
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    async with provider() as auth, httpx2.AsyncClient(auth=auth) as http:
        async with streamable_http_client(url, http_client=http) as (read, write):
            return await session(read, write)


async def fastmcp():
    from fastmcp import Client

    async with Client(url, auth="oauth") as client:
        tools = await client.list_tools()
        called = await client.call_tool(call, {})
        return {"tools": [tool.name for tool in tools], "called": called.structured_content}


async def langchain():
    from langchain_mcp_adapters.client import MultiServerMCPClient

    async with provider() as auth:
        client = MultiServerMCPClient({"chat": {"transport": "streamable_http", "url": url, "auth": auth}})
        tools = await client.get_tools()
        called = await next(tool for tool in tools if tool.name == call).ainvoke({})
        return {"tools": [tool.name for tool in tools], "called": called}


async def openai_agents():
    from agents.mcp import MCPServerStreamableHttp

    async with provider() as auth, MCPServerStreamableHttp(params={"url": url, "auth": auth}) as server:
        tools = await server.list_tools()
        called = await server.call_tool(call, {})
        return {"tools": [tool.name for tool in tools], "called": called.model_dump(mode="json")}


clients = {
    "Python SDK 1": mcp_1,
    "Python SDK 2": mcp_2,
    "FastMCP": fastmcp,
    "LangChain for Python": langchain,
    "openai-agents": openai_agents,
}
print(json.dumps(asyncio.run(clients[name]()), default=str))
