/** Path of the MCP server at which Cognito's sign-in ends: the one callback of its client. */
export const MCP_CALLBACK = "/mcp/oauth/callback";
