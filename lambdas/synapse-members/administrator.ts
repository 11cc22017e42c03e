import * as z from "zod/mini";
import { parseJson } from "../../shared/json.ts";
import { LOGIN_PATH, MatrixError, passwordLogin } from "../../shared/matrix.ts";
import { type MatrixClient, matrixClient } from "../../shared/matrix-client.ts";
import type { Secret } from "../shared/secret.ts";

/**
 * The device of this function's session. It is kept between invocations, and a new process takes it over: a device that
 * came and went with each run would be news for everyone who shares a room with the administrator.
 */
const DEVICE = { device_id: "MEMBERS", initial_device_display_name: "Members of the groups" };

/** Milliseconds: below the function's timeout, and above a restart of Synapse's network. */
const TIMES_MS = { reply: 20_000, attempts: 60_000, pause: 1_000 };

const credentials = z.object({ username: z.string(), password: z.string() });
const session = z.object({ access_token: z.string() });

/** The server administrator's session. */
export class Administrator {
  private readonly anonymous: MatrixClient;
  private readonly secret: Secret;
  private token: string | undefined;

  constructor(url: string, secret: Secret) {
    this.anonymous = matrixClient(url.replace(/\/+$/, ""), undefined, TIMES_MS);
    this.secret = secret;
  }

  /** Runs what may be repeated; once more with a new session if the one that was kept has ended. */
  async run<T>(signal: AbortSignal, act: (admin: MatrixClient) => Promise<T>): Promise<T> {
    const kept = this.token;
    if (kept !== undefined)
      try {
        return await act(this.anonymous.as(kept));
      } catch (error) {
        if (!(error instanceof MatrixError) || error.status !== 401) throw error;
      }
    this.token = await this.signIn(await this.secret.read(signal)).catch(async (error: unknown) => {
      if (!(error instanceof MatrixError) || error.status !== 403) throw error;
      // The password may have been rotated.
      return this.signIn(await this.secret.readAgain(signal));
    });
    return act(this.anonymous.as(this.token));
  }

  private async signIn(text: string): Promise<string> {
    const { success, data } = credentials.safeParse(parseJson(text));
    // The message leaves the text out: it holds the password.
    if (!success) throw new Error('the secret is not JSON of the form {"username", "password"}');
    const { access_token } = await this.anonymous.request(
      "POST",
      LOGIN_PATH,
      session,
      passwordLogin(data, DEVICE),
    );
    return access_token;
  }
}
