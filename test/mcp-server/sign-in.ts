import { createServer } from "node:http";
import { idToken } from "../../tools/servers/agent-session.ts";
import { close, listen } from "../../tools/servers/listening.ts";

/** Answers InitiateAuth as Cognito's API reference describes it: whoever asks is signed in as `userId`. */
export async function startSignIn(userId: string): Promise<{ url: string; stop(): void }> {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () =>
      response.writeHead(200, { "content-type": "application/x-amz-json-1.1" }).end(
        JSON.stringify({
          AuthenticationResult: {
            IdToken: idToken(userId),
            AccessToken: "unused",
            RefreshToken: "unused",
            ExpiresIn: 3600,
            TokenType: "Bearer",
          },
        }),
      ),
    );
  });
  return {
    url: `http://127.0.0.1:${await listen(server)}`,
    stop: () => void close(server),
  };
}
