import { execFile } from "node:child_process";
import { createPrivateKey, createPublicKey, randomUUID } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { createServer, request } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import * as z from "zod";
import { Template } from "../../../stacks/chat/template.ts";
import { otherSpellings } from "../../../test/admin-spellings.ts";
import { describeWithSynapse } from "../../../test/describe-with-synapse.ts";
import {
  type Account,
  account,
  createRoom,
  download,
  matrix,
  register,
  send,
  upload,
} from "../../../test/matrix.ts";
import { documentedErrors } from "../../../test/mobile-errors.ts";
import { type Internet, type Site, startInternet } from "../../../tools/servers/internet.ts";
import { close, listen } from "../../../tools/servers/listening.ts";
import { type AlbServer, startAlb } from "../../../tools/servers/load-balancer.ts";
import { loadBalancer } from "../../../tools/servers/load-balancer-rules.ts";
import { type PostgresServer, startPostgres } from "../../../tools/servers/postgres.ts";
import {
  deploySynapse,
  drawSigningKey,
  imageUser,
  type Synapse,
  type SynapseDeployment,
  synapsePython,
} from "../../../tools/servers/synapse.ts";
import { REQUEST_LINE } from "./log-config.ts";

const run = promisify(execFile);
const clients = "/_matrix/client/v3";
const preview = "/_matrix/client/v1/media/preview_url?url=";
/** Memory of the task definition, in MiB. */
const TASK_MEMORY = 1024;

/** A picture of one colour, made by the library that Synapse reads it with. */
const picture = async (format: string, mode: string, width: number, height: number): Promise<Buffer> => {
  const code = `import sys; from PIL import Image; Image.new("${mode}", (${width}, ${height})).save(sys.stdout.buffer, "${format}")`;
  const { stdout } = await run(synapsePython, ["-c", code], {
    encoding: "buffer",
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
};

const page =
  (title: string): Site =>
  (_, response) => {
    response
      .writeHead(200, { "content-type": "text/html; charset=utf-8" })
      .end(`<html><head><meta property="og:title" content="${title}"></head><body></body></html>`);
  };

describeWithSynapse("a homeserver", () => {
  let postgres: PostgresServer;
  let internet: Internet;
  let deployment: SynapseDeployment;
  let synapse: Synapse;

  beforeAll(async () => {
    internet = await startInternet({
      "thephenom.app": (request, response) => {
        if (request.url !== "/phenom/dead") return page("A sighting")(request, response);
        response.destroy();
      },
      "evil.example": page("Not to be seen"),
    });
    postgres = await startPostgres();
    deployment = await deploySynapse(postgres, { federation: { domains: ["matrix.example.org"] } });
    synapse = await deployment.start({ environment: internet.environment });
  });
  afterAll(async () => {
    await synapse?.stop();
    await deployment?.remove();
    await postgres?.stop();
    await internet?.stop();
  });

  const newAccount = async (username = `u-${randomUUID()}`): Promise<Account> => {
    const user = { username, password: randomUUID() + randomUUID() };
    return account(await register(synapse.url, deployment.secrets.SYNAPSE_REGISTRATION_SHARED_SECRET, user));
  };
  const get = (path: string, token?: string) => matrix(synapse.url, "GET", path, { token });
  const publishedKeys = async () =>
    z
      .object({ verify_keys: z.record(z.string(), z.object({ key: z.string() })) })
      .parse((await get("/_matrix/key/v2/server")).body).verify_keys;

  it("answers its health check and the discovery paths of clients and servers", async () => {
    expect((await fetch(`${synapse.url}/health`)).status).toBe(200);
    expect((await get("/.well-known/matrix/client")).body).toEqual({
      "m.homeserver": { base_url: `https://${deployment.serverName}/` },
    });
    expect((await get("/.well-known/matrix/server")).body).toEqual({
      "m.server": `${deployment.serverName}:443`,
    });
  });

  it("accepts and publishes a signing key of 42 random characters of base64 and an A", async () => {
    const [, id, seed = ""] = deployment.secrets.SYNAPSE_SIGNING_KEY.split(" ");
    expect(await publishedKeys()).toEqual({ [`ed25519:${id}`]: { key: publicKey(seed) } });
  });

  it("serves metrics on their own port and not on that of clients", async () => {
    const metrics = await fetch(`${synapse.metricsUrl}/_synapse/metrics`);
    expect(await metrics.text()).toContain("synapse_build_info");
    expect((await fetch(`${synapse.url}/_synapse/metrics`)).status).toBe(404);
  });

  it("logs JSON objects and measured requests, one per line, once it has read its configuration, and no secret", () => {
    const output = synapse.output().trimEnd();
    const lines = output.slice(output.search(/^\{/m)).split("\n");
    const objects = lines.filter((line) => !line.startsWith(`${REQUEST_LINE} `));
    expect(objects.length).toBeGreaterThan(10);
    for (const line of objects) expect(JSON.parse(line)).toMatchObject({ level: expect.any(String) });
    for (const secret of Object.values(deployment.secrets)) expect(synapse.output()).not.toContain(secret);
  });

  it("leaves 40 % of its task's memory free when idle", async () => {
    const status = await readFile(`/proc/${synapse.pid}/status`, "utf8");
    const resident = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
    expect(resident).toBeLessThan(0.6 * TASK_MEMORY);
  });

  it("leaves its files to its own user alone, and no secret in its environment", async () => {
    const owner = imageUser.uid ?? process.getuid?.();
    const entries = await readdir(synapse.runDirectory);
    const files = entries.filter((entry) => entry !== "tmp");
    expect(files).toHaveLength(9);
    for (const file of files) {
      const { mode, uid } = await stat(join(synapse.runDirectory, file));
      expect([file, mode & 0o777, uid]).toEqual([file, 0o400, owner]);
    }
    const temporary = await stat(join(synapse.runDirectory, "tmp"));
    expect([temporary.mode & 0o777, temporary.uid]).toEqual([0o700, owner]);
    const environment = await readFile(`/proc/${synapse.pid}/environ`, "utf8");
    for (const name of [...Object.keys(deployment.secrets), "SYNAPSE_CONFIG_YAML"]) {
      expect(environment).not.toContain(name);
    }
  });

  describe("given pictures", () => {
    const upload = async (token: string, picture: Buffer, type: string) => {
      const response = await fetch(`${synapse.url}/_matrix/media/v3/upload`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": type },
        body: new Uint8Array(picture),
      });
      return {
        status: response.status,
        id: String(z.looseObject({}).parse(await response.json())["content_uri"]).replace("mxc://", ""),
      };
    };
    const thumbnail = async (token: string, id: string) =>
      (
        await fetch(
          `${synapse.url}/_matrix/client/v1/media/thumbnail/${id}?width=320&height=240&method=scale`,
          {
            headers: { authorization: `Bearer ${token}` },
          },
        )
      ).status;

    it("takes eight parallel uploads of many pixels within its task's memory, and answers its health check meanwhile", async () => {
      const { accessToken } = await newAccount();
      // The most pixels that get thumbnails, in a file of some hundred kilobytes, and more than that.
      const [largest, larger] = await Promise.all([
        picture("PNG", "RGBA", 5100, 5100),
        picture("PNG", "RGBA", 6500, 4900),
      ]);
      const attack = Promise.all(
        [largest, largest, largest, larger, larger, larger, larger, larger].map((file) =>
          upload(accessToken, file, "image/png"),
        ),
      );
      const answered: number[] = [];
      let finished = false;
      const over = attack.then(() => {
        finished = true;
      });
      while (!finished) {
        const began = performance.now();
        expect((await fetch(`${synapse.url}/health`)).status).toBe(200);
        answered.push(performance.now() - began);
        await Promise.race([over, new Promise((done) => setTimeout(done, 100))]);
      }
      const uploaded = await attack;
      expect(uploaded.map(({ status }) => status)).toEqual(Array(8).fill(200));
      const peak =
        Number(/^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${synapse.pid}/status`, "utf8"))?.[1]) /
        1024;
      answered.sort((a, b) => a - b);
      // One picture at a time: each takes a quarter of the task.
      expect(peak).toBeLessThan(0.6 * TASK_MEMORY);
      // The median, because the machine that runs the tests may be busy with others.
      expect(answered[Math.floor(answered.length / 2)]).toBeLessThan(1000);
      expect(await thumbnail(accessToken, uploaded[0]?.id ?? "")).toBe(200);
      expect(await thumbnail(accessToken, uploaded[7]?.id ?? "")).toBe(400);
    }, 300_000);

    it.each([
      [12, 4032, 3024],
      [24, 5712, 4284],
    ])("makes thumbnails of a photo of %s megapixels", async (_, width, height) => {
      const { accessToken } = await newAccount();
      const { status, id } = await upload(
        accessToken,
        await picture("JPEG", "RGB", width, height),
        "image/jpeg",
      );
      expect([status, await thumbnail(accessToken, id)]).toEqual([200, 200]);
    });
  });

  describe("asked to send", () => {
    it("accepts 30 messages at once; of 60 it refuses some and loses none that it accepted", async () => {
      const within = await newAccount();
      const room = await createRoom(synapse.url, within);
      const burst = (n: number) =>
        Promise.all(Array.from({ length: n }, (_, i) => send(synapse.url, within, room, `message ${i}`)));
      expect((await burst(30)).map(({ status }) => status)).toEqual(Array(30).fill(200));

      const above = await burst(60);
      const refused = above.filter(({ status }) => status !== 200);
      expect(refused.length).toBeGreaterThan(0);
      for (const reply of refused) {
        expect(reply).toMatchObject({
          status: 429,
          body: { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: expect.any(Number) },
        });
      }
      const taken = above.flatMap(({ body }) => ("event_id" in body ? [body["event_id"]] : []));
      const stored = await eventIds(room, within);
      for (const id of taken) expect(stored).toContain(id);
      expect(stored).toHaveLength(30 + taken.length);
    });
  });

  /** Ids of all messages in a room. */
  async function eventIds(room: string, { accessToken }: Account): Promise<string[]> {
    const filter = encodeURIComponent(JSON.stringify({ types: ["m.room.message"] }));
    const { body } = await get(
      `${clients}/rooms/${encodeURIComponent(room)}/messages?dir=b&limit=1000&filter=${filter}`,
      accessToken,
    );
    return z
      .array(z.object({ event_id: z.string() }))
      .parse(body["chunk"])
      .map(({ event_id }) => event_id);
  }

  describe("asked for a link preview", () => {
    let token: string;
    beforeAll(async () => {
      token = (await newAccount()).accessToken;
    });
    const previewOf = (url: string) => get(`${preview}${encodeURIComponent(url)}`, token);

    it.each([
      "https://thephenom.app/phenom/abc",
      "https://ThePhenom.App/phenom/abc",
    ])("fetches a page of the content's host: %s", async (url) => {
      expect(await previewOf(url)).toMatchObject({
        status: 200,
        body: { "og:title": "A sighting" },
      });
    });

    it.each([
      ["another host", "https://evil.example/"],
      ["a host whose name begins like it", "https://thephenom.app.evil.example/"],
      ["a host whose name ends like it", "https://evil-thephenom.app/"],
      ["a host whose name only looks like it", "https://thephenomXapp/"],
      ["another port", "https://thephenom.app:8443/"],
      ["a user in front", "https://thephenom.app@evil.example/"],
      ["no encryption", "http://thephenom.app/"],
      ["no web address", "file:///etc/passwd"],
      ["the credentials of the container", "http://169.254.170.2/v2/credentials"],
    ])("refuses an address with %s", async (_, url) => {
      const before = internet.asked.length;
      expect((await previewOf(url)).status).toBe(403);
      expect(internet.asked.slice(before)).toEqual([]);
    });
  });

  describe("behind the load balancer, with what an app can do wrong,", () => {
    let alb: AlbServer;
    /** The same with a short idle timeout, before a target that never answers. */
    let impatient: AlbServer;
    const silent = createServer(() => {});
    let people: Account[];
    /** Length of the log before anything goes wrong. */
    let before: number;
    /** Whether the target group has a target. */
    let isRegistered = true;
    let url: () => string;
    beforeAll(async () => {
      const rules = Object.values(new Template().resources("aws_lb_listener_rule"));
      url = () => synapse.url;
      alb = await startAlb(
        loadBalancer(rules),
        deployment.serverName,
        () => (isRegistered ? ["synapse"] : []),
        () => url(),
      );
      const silentUrl = `http://127.0.0.1:${await listen(silent)}`;
      impatient = await startAlb(
        loadBalancer(rules),
        deployment.serverName,
        () => ["silent"],
        () => silentUrl,
        { idleTimeout: 50 },
      );
      people = await Promise.all(Array.from({ length: 6 }, () => newAccount()));
      before = synapse.output().length;
    });
    afterAll(async () => {
      await alb?.stop();
      await impatient?.stop();
      await close(silent);
    });

    interface Asked {
      /** @default alb */
      readonly at?: AlbServer;
      readonly method?: string;
      readonly token?: string | undefined;
      readonly body?: string | Uint8Array<ArrayBuffer>;
    }
    /** The answer, as the table has it: `401 M_UNKNOWN_TOKEN`. */
    const ask = async (
      path: string,
      { at = alb, method = "GET", token = people[0]?.accessToken, body }: Asked = {},
    ) => {
      const response = await fetch(`${at.url}${path}`, {
        method,
        headers: token ? { authorization: `Bearer ${token}` } : {},
        ...(body !== undefined && { body }),
      });
      const text = await response.text();
      const errcode = /"errcode":\s*"(M_\w+)"/.exec(text)?.[1];
      return errcode ? `${response.status} ${errcode}` : String(response.status);
    };
    const send = (body: unknown, asked: Asked = {}) => ({
      ...{ method: "PUT", body: typeof body === "string" ? body : JSON.stringify(body) },
      ...asked,
    });
    const post = (body: unknown, asked: Asked = {}) => ({ ...send(body, asked), method: "POST" });
    const ownRoom = () => createRoom(synapse.url, people[0] ?? { userId: "", accessToken: "" });
    const to = async (room: string | Promise<string> = ownRoom()) =>
      `${clients}/rooms/${encodeURIComponent(await room)}/send/m.room.message/${randomUUID()}`;
    const limit = 50 * 1024 * 1024;
    const file = (bytes: number) => ({ method: "POST", body: new Uint8Array(bytes) });
    const upload = "/_matrix/media/v3/upload";
    /** Announces an upload and sends it to just beyond the limit. */
    const announce = (bytes: number) =>
      new Promise<string>((done, reject) => {
        const headers = { authorization: `Bearer ${people[0]?.accessToken}`, "content-length": bytes };
        const outgoing = request(`${alb.url}${upload}`, { method: "POST", headers }, ({ statusCode }) => {
          done(String(statusCode));
          outgoing.destroy();
        });
        outgoing.once("error", reject);
        outgoing.write(Buffer.alloc(limit + 65_536));
      });

    const provoked: Readonly<Record<string, () => Promise<string | string[]>>> = {
      "400 M_BAD_JSON: a text holds NUL or half of a surrogate pair (an emoji cut in two)": async () => [
        await ask(await to(), send('{"msgtype":"m.text","body":"\\ud800"}')),
        await ask(await to(), send('{"msgtype":"m.text","body":"a\\u0000b"}')),
        await ask(`${clients}/search`, post({ search_categories: { room_events: { search_term: "a\0b" } } })),
        await ask(`${clients}/createRoom`, post({ name: "a\0b" })),
      ],
      "400 M_NOT_JSON: the body is no JSON": async () => ask(await to(), send("{")),
      "400 M_INVALID_PARAM: an address holds NUL, or a parameter has no value of its kind": async () => [
        await ask(`${clients}/profile/%40a%00b%3A${deployment.serverName}`),
        await ask(`${clients}/directory/room/%23a%00b%3A${deployment.serverName}`),
        await ask(`${clients}/sync?timeout=soon`),
      ],
      "401 M_MISSING_TOKEN: no access token": () => ask(`${clients}/sync`, { token: "" }),
      "401 M_UNKNOWN_TOKEN: signed out, erased, or an unknown token": async () => {
        const token = people.at(-1)?.accessToken;
        await ask(`${clients}/logout`, post({}, { token }));
        return ask(`${clients}/sync`, { token });
      },
      "403 M_FORBIDDEN: at the sign-in: the login token was used or has expired, or the Cognito token is expired, of another client, or signed by an unknown key":
        () => ask(`${clients}/login`, post({ type: "m.login.token", token: "used" }, { token: "" })),
      "403 M_FORBIDDEN: in a room: not a member, banned or muted": async () =>
        ask(await to(), send({ msgtype: "m.text", body: "let me in" }, { token: people[1]?.accessToken })),
      "403 M_FORBIDDEN: setting one's own display name: names come from Phenom": () =>
        ask(
          `${clients}/profile/${encodeURIComponent(people[0]?.userId ?? "")}/displayname`,
          send({ displayname: "phenom-admin" }),
        ),
      "403 M_UNKNOWN: the preview of a link to another host than Phenom's": () =>
        ask(`${preview}${encodeURIComponent("https://evil.example/")}`),
      "404 M_NOT_FOUND: no such room, alias or medium; the preview of a page that can't be fetched":
        async () => [
          await ask(`${clients}/directory/room/%23nothing%3A${deployment.serverName}`),
          await ask(`/_matrix/client/v1/media/download/${deployment.serverName}/nothing`),
          // One dead link in the room, and everybody's phone asks for it.
          ...(await Promise.all(
            people
              .slice(0, 5)
              .map(({ accessToken: token }) =>
                ask(`${preview}${encodeURIComponent("https://thephenom.app/phenom/dead")}`, { token }),
              ),
          )),
        ],
      "404 M_UNRECOGNIZED: no such address of the API": () => ask(`${clients}/nothing`),
      "413 M_TOO_LARGE: the file is larger than m.upload.size, up to four times": async () => [
        await ask(upload, file(limit + 1)),
        await ask(upload, file(2 * limit)),
      ],
      "413 M_TOO_LARGE: the message is larger than 64 KiB": async () =>
        ask(await to(), send({ msgtype: "m.text", body: "x".repeat(70_000) })),
      "429 M_LIMIT_EXCEEDED: more than 10 messages a second, 30 at once": async () => {
        const room = await ownRoom();
        const message = async () => ask(await to(room), send({ msgtype: "m.text", body: "again" }));
        const answers = await Promise.all(Array.from({ length: 60 }, message));
        return answers.filter((answer) => answer !== "200").slice(0, 1);
      },
      "502: a file of more than four times m.upload.size; the server restarts (seconds at each deploy)":
        async () => {
          url = () => "http://127.0.0.1:1";
          const answer = await ask(`${clients}/sync`);
          url = () => synapse.url;
          return [answer, await announce(4 * limit + 1)];
        },
      "503: the server restarts": async () => {
        isRegistered = false;
        const answer = await ask(`${clients}/sync`);
        isRegistered = true;
        return answer;
      },
      "504: the server has not answered within the load balancer's time, a minute or more; the message may have been sent":
        async () => ask(await to(), send({ msgtype: "m.text", body: "hello" }, { at: impatient })),
    };

    it("gives the errors that the app's page lists, and no others", () => {
      expect(documentedErrors()).toEqual(Object.keys(provoked));
    });

    it.each(Object.entries(provoked))("answers %s", async (row, provoke) => {
      const [expected] = row.split(": ");
      const answers = [await provoke()].flat();
      for (const answer of answers) expect(answer).toBe(expected);
    });

    it("counts none of them as an error of its own", () => {
      const lines = synapse.output().slice(before).split("\n");
      expect(lines.filter((line) => /^request \w+ \S+ 5\d\d /.test(line))).toEqual([]);
      expect(lines.filter((line) => /"level":"(?:ERROR|CRITICAL)"/.test(line))).toEqual([]);
    });

    it("takes an emoji that is escaped as a pair", async () => {
      expect(await ask(await to(), send('{"msgtype":"m.text","body":"\\ud83d\\ude00"}'))).toBe("200");
    });
  });

  describe("asked for its admin API by an administrator", () => {
    let token: string;
    beforeAll(async () => {
      const secret = deployment.secrets.SYNAPSE_REGISTRATION_SHARED_SECRET;
      const user = { username: `phenom-${randomUUID()}`, password: randomUUID() + randomUUID(), admin: true };
      token = account(await register(synapse.url, secret, user)).accessToken;
    });
    /** The path byte by byte, which `fetch` would put in order first. */
    const statusOf = (path: string) =>
      new Promise<number | undefined>((done, reject) => {
        const { hostname, port } = new URL(synapse.url);
        request({ hostname, port, path, headers: { authorization: `Bearer ${token}` } }, (response) => {
          response.resume();
          done(response.statusCode);
        })
          .once("error", reject)
          .end();
      });

    it("answers on the path that the load balancer protects", async () => {
      expect(await statusOf("/_synapse/admin/v1/server_version")).toBe(200);
    });

    it.each(
      otherSpellings,
    )("answers 404 for a spelling that the load balancer lets pass: %s", async (path) => {
      expect(await statusOf(path)).toBe(404);
    });
  });

  describe("with the community room", () => {
    const community = () => `#community:${deployment.serverName}`;

    it("lets no user take its alias or list a room, and lets our own account make it, listed and not encrypted", async () => {
      const user = await newAccount();
      const claim = await matrix(synapse.url, "POST", `${clients}/createRoom`, {
        token: user.accessToken,
        body: { room_alias_name: "community" },
      });
      expect(claim.status).toBe(403);

      const admin = await newAccount("phenom-admin");
      const room = await createRoom(synapse.url, admin, {
        ...{ room_alias_name: "community", preset: "public_chat", visibility: "public" },
      });
      const listed = await get(`${clients}/directory/list/room/${encodeURIComponent(room)}`);
      expect(listed.body).toEqual({ visibility: "public" });
      const own = await createRoom(synapse.url, user, { preset: "public_chat" });
      const publish = await matrix(
        synapse.url,
        "PUT",
        `${clients}/directory/list/room/${encodeURIComponent(own)}`,
        { token: user.accessToken, body: { visibility: "public" } },
      );
      expect(publish.status).toBe(403);
      const encryption = await get(
        `${clients}/rooms/${encodeURIComponent(room)}/state/m.room.encryption`,
        admin.accessToken,
      );
      expect(encryption.status).toBe(404);
    });

    it("adds every new user to it", async () => {
      const user = await newAccount();
      const joined = z
        .object({ joined_rooms: z.array(z.string()) })
        .parse((await get(`${clients}/joined_rooms`, user.accessToken)).body).joined_rooms;
      const { body } = await get(`${clients}/directory/room/${encodeURIComponent(community())}`);
      expect(joined).toEqual([body["room_id"]]);
    });

    it("notifies of mentions only, for whoever has no rule of their own", async () => {
      const [user, author] = [await newAccount(), await newAccount()];
      const { body } = await get(`${clients}/directory/room/${encodeURIComponent(community())}`);
      const room = z.string().parse(body["room_id"]);
      const say = async (text: string, mentioned: readonly string[] = []) => {
        const content = { msgtype: "m.text", body: text, "m.mentions": { user_ids: mentioned } };
        await matrix(
          synapse.url,
          "PUT",
          `${clients}/rooms/${encodeURIComponent(room)}/send/m.room.message/${randomUUID()}`,
          { token: author.accessToken, body: content },
        );
      };
      const notified = async () =>
        z
          .array(z.object({ event: z.object({ content: z.object({ body: z.string() }) }) }))
          .parse((await get(`${clients}/notifications`, user.accessToken)).body["notifications"])
          .map(({ event }) => event.content.body);

      await say("for everybody");
      await say("for you", [user.userId]);
      expect(await notified()).toEqual(["for you"]);
      // Clients that compute notifications by themselves see the rule.
      const { body: rules } = await get(`${clients}/pushrules/`, user.accessToken);
      expect(rules["global"]).toMatchObject({
        underride: expect.arrayContaining([
          expect.objectContaining({ rule_id: `.phenom.mentions_only:${room}`, actions: [], enabled: true }),
        ]),
      });

      const rule = `${clients}/pushrules/global/room/${encodeURIComponent(room)}`;
      await matrix(synapse.url, "PUT", rule, { token: user.accessToken, body: { actions: ["notify"] } });
      await say("for who wants all");
      expect(await notified()).toEqual(["for who wants all", "for you"]);
    });
  });

  it("has the same messages, media, users and signing key after it was replaced", async () => {
    const user = await newAccount();
    const room = await createRoom(synapse.url, user);
    const { body: sent } = await send(synapse.url, user, room, "kept");
    const picture = "not really a picture, but kept byte by byte";
    const uploaded = await upload(synapse.url, user, picture);
    const keys = await publishedKeys();
    const folder = synapse.runDirectory;

    expect(await synapse.stop()).toBe(0);
    await expect(stat(folder)).rejects.toThrow("ENOENT");
    synapse = await deployment.start({ environment: internet.environment });

    expect(await eventIds(room, user)).toEqual([sent["event_id"]]);
    expect(await download(synapse.url, user, uploaded)).toBe(picture);
    expect(await publishedKeys()).toEqual(keys);
  });

  it("publishes the former signing key and its last use after the key was changed", async () => {
    const [, id, seed = ""] = deployment.secrets.SYNAPSE_SIGNING_KEY.split(" ");
    const former = { id: `ed25519:${id}`, key: publicKey(seed), expired: "2026-11-21T14:00:00Z" };
    const key = drawSigningKey("a_2");
    await synapse.stop();
    synapse = await deployment.start({
      props: { oldSigningKeys: [former] },
      environment: { ...internet.environment, SYNAPSE_SIGNING_KEY: key },
    });
    expect(await publishedKeys()).toEqual({ "ed25519:a_2": { key: publicKey(key.split(" ")[2] ?? "") } });
    expect((await get("/_matrix/key/v2/server")).body["old_verify_keys"]).toEqual({
      [former.id]: { key: former.key, expired_ts: Date.UTC(2026, 10, 21, 14) },
    });
  });

  it("serves no media without a sign-in", async () => {
    const media = await fetch(`${synapse.url}/_matrix/media/v3/download/${deployment.serverName}/x`);
    expect(media.status).toBe(404);
  });
});

/** The public half, as Matrix writes it, of an Ed25519 seed in unpadded base64. */
function publicKey(seed: string): string {
  const pkcs8 = Buffer.from("302e020100300506032b657004220420", "hex");
  const key = createPrivateKey({
    key: Buffer.concat([pkcs8, Buffer.from(seed, "base64")]),
    ...{ format: "der", type: "pkcs8" },
  });
  const { x = "" } = createPublicKey(key).export({ format: "jwk" });
  return Buffer.from(x, "base64url").toString("base64").replace(/=+$/, "");
}
