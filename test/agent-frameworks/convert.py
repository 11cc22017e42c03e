"""convert.py <address> <token>: lists the tools over MCP with each framework, calls one, and prints what the converters
make of them for a model."""

import asyncio
import json
import sys

import httpx
from agents.mcp import MCPServerStreamableHttp, MCPUtil
from anthropic import transform_schema
from anthropic.lib.tools.mcp import async_mcp_tool
from google.genai import _mcp_utils
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_mcp_adapters.tools import load_mcp_tools
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

url, token = sys.argv[1:]
headers = {"authorization": f"Bearer {token}"}
call = "chat_list_rooms"


async def over_one_session():
    async with httpx.AsyncClient(headers=headers) as http:
        async with streamable_http_client(url, http_client=http) as (read, write, _):
            async with ClientSession(read, write) as session:
                await session.initialize()
                tools = (await session.list_tools()).tools
                called = (await session.call_tool(call, {})).model_dump(mode="json")
                declarations = [
                    declaration.model_dump(mode="json", exclude_none=True)
                    for tool in _mcp_utils.mcp_to_gemini_tools(tools)
                    for declaration in tool.function_declarations
                ]
                anthropic = [async_mcp_tool(tool, session).to_dict() for tool in tools]
                strict = [
                    {"name": tool.name, "strict": True, "parameters": transform_schema(tool.inputSchema)}
                    for tool in tools
                ]
                langchain = await load_mcp_tools(session)
                chosen = next(tool for tool in langchain if tool.name == call)
                return {
                    "python-genai": {"tools": declarations, "called": called},
                    "anthropic": {"tools": anthropic, "called": called},
                    "anthropic, strict": {"tools": strict, "called": called},
                    "LangChain for Python, strict": {
                        "tools": [convert_to_openai_tool(tool, strict=True)["function"] for tool in langchain],
                        "called": await chosen.ainvoke({}),
                    },
                }


async def openai_agents():
    async with MCPServerStreamableHttp(params={"url": url, "headers": headers}) as server:
        tools = [MCPUtil.to_function_tool(tool, server, True) for tool in await server.list_tools()]
        called = (await server.call_tool(call, {})).model_dump(mode="json")
    return {
        "openai-agents, strict": {
            "tools": [
                {"name": tool.name, "strict": tool.strict_json_schema, "parameters": tool.params_json_schema}
                for tool in tools
            ],
            "called": called,
        }
    }


async def main():
    print(json.dumps({**await over_one_session(), **await openai_agents()}, default=str))


asyncio.run(main())
