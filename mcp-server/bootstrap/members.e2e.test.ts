import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import * as z from "zod";
import { alias, bootstrapHarness, clients, drawPassword, serverName } from "../../test/bootstrap/harness.ts";
import { changed, roomsOf } from "../../test/bootstrap/program.ts";
import { describeWithSynapse } from "../../test/describe-with-synapse.ts";
import { type Account, account, download, matrix, register, send, upload } from "../../test/matrix.ts";
import { type AwsServer, startAws } from "../../tools/servers/aws.ts";
import { type Bundle, bundle, type LambdaProcess, startLambda } from "../../tools/servers/lambda.ts";
import { exampleProps } from "../../tools/servers/synapse.ts";

describeWithSynapse("bootstrap with people in the Cognito groups", () => {
  const h = bootstrapHarness();
  const { fresh, gone, succeed, asAdmin, state, joined, someone } = h;

  beforeAll(() => fresh());
  afterAll(gone);

  it("joins users who have signed in to their room, over several pages, and to no other", async () => {
    const people = Array.from({ length: 5 }, () => ({ sub: randomUUID() }));
    h.groups.set("internal", people).set("partners", people.slice(0, 1));
    const first = await succeed();
    const waiting = first.lines.filter((line) => line.includes("has not signed in yet"));
    expect(waiting).toHaveLength(6);

    const accounts = await Promise.all(people.map(({ sub }) => someone(sub)));
    const rooms = roomsOf(await succeed());
    const admin = await asAdmin();
    const ours = [`@phenom-admin:${serverName}`, `@phenom-mcp:${serverName}`];
    expect((await joined(rooms.internal, admin)).sort()).toEqual(
      [...ours, ...accounts.map(({ userId }) => userId)].sort(),
    );
    expect((await joined(rooms.partners, admin)).sort()).toEqual([...ours, accounts[0]?.userId].sort());
    expect(changed(await succeed())).toEqual([]);
  });

  it("joins users who signed in with a Cognito token, and nobody who only has such a name", async () => {
    const [byToken, victim] = [randomUUID(), randomUUID()];
    h.groups.set("internal", [{ sub: byToken }, { sub: victim }]).set("partners", []);
    const person = await someone(byToken, byToken, "token");
    const mallory = await someone(randomUUID(), victim);
    const rooms = roomsOf(await succeed());
    const members = await joined(rooms.internal, await asAdmin());
    expect(members).toContain(person.userId);
    expect(members).not.toContain(mallory.userId);
  });

  it("skips users who are banned or disabled in Cognito, and joins the others", async () => {
    const [banned, disabled, fine] = [randomUUID(), randomUUID(), randomUUID()];
    const [out, off, welcome] = [await someone(banned), await someone(disabled), await someone(fine)];
    const rooms = roomsOf(await succeed());
    const admin = await asAdmin();
    await matrix(h.synapse.url, "POST", `${clients}/rooms/${encodeURIComponent(rooms.partners)}/ban`, {
      token: admin.accessToken,
      body: { user_id: out.userId },
    });
    h.groups.set("partners", [{ sub: banned }, { sub: disabled, enabled: false }, { sub: fine }]);
    const { lines } = await succeed();
    expect(lines).toContain(`skipped    ${alias("partners")}: ${out.userId} is banned`);
    expect(lines).toContain(`skipped    ${alias("partners")}: ${disabled} is disabled in Cognito`);
    const members = await joined(rooms.partners, admin);
    expect(members).toContain(welcome.userId);
    expect(members).not.toContain(off.userId);
  });

  it("removes users who left the group, and joins them again when they return", async () => {
    const [stays, leaves, leavesToo] = [randomUUID(), randomUUID(), randomUUID()];
    const people = [{ sub: stays }, { sub: leaves }, { sub: leavesToo }];
    h.groups.set("internal", people).set("partners", [{ sub: leaves }]);
    const [kept, left] = [await someone(stays), await someone(leaves)];
    const leftToo = await someone(leavesToo, leavesToo, "token");
    const rooms = roomsOf(await succeed());
    h.groups.set("internal", [{ sub: stays }]);

    expect(changed(await succeed()).sort()).toEqual(
      [left, leftToo]
        .map(({ userId }) => `changed    ${alias("internal")}: ${userId} removed, not in group internal`)
        .sort(),
    );
    const admin = await asAdmin();
    const members = await joined(rooms.internal, admin);
    expect(members).toContain(kept.userId);
    expect(members).not.toContain(left.userId);
    expect(members).not.toContain(leftToo.userId);
    expect(await joined(rooms.partners, admin)).toContain(left.userId);
    expect(await state(rooms.internal, `m.room.member/${left.userId}`, admin)).toMatchObject({
      membership: "leave",
    });
    expect((await send(h.synapse.url, left, rooms.internal, "still here?")).status).toBe(403);
    expect(changed(await succeed())).toEqual([]);

    h.groups.set("internal", people);
    await succeed();
    expect(await joined(rooms.internal, admin)).toContain(left.userId);
  });

  it("removes users who are disabled in Cognito or only invited, moderators too", async () => {
    const [disabled, invited] = [randomUUID(), randomUUID()];
    h.groups.set("internal", [{ sub: disabled }]).set("partners", []);
    const [off, guest] = [await someone(disabled), await someone(invited)];
    const rooms = roomsOf(await succeed());
    const admin = await asAdmin();
    const path = `${clients}/rooms/${encodeURIComponent(rooms.internal)}`;
    const as = (method: string, end: string, body: unknown) =>
      matrix(h.synapse.url, method, `${path}/${end}`, { token: admin.accessToken, body });
    const levels = await state(rooms.internal, "m.room.power_levels", admin);
    const users = z.record(z.string(), z.number()).parse(levels["users"]);
    await as("PUT", "state/m.room.power_levels", { ...levels, users: { ...users, [off.userId]: 50 } });
    await as("POST", "invite", { user_id: guest.userId });

    h.groups.set("internal", [{ sub: disabled, enabled: false }]);
    await succeed();
    for (const { userId } of [off, guest])
      expect(await state(rooms.internal, `m.room.member/${userId}`, admin)).toMatchObject({
        membership: "leave",
      });
  });

  it("keeps our own accounts, administrators and accounts without a Cognito user, and reports that", async () => {
    h.groups.set("internal", []).set("partners", []);
    const rooms = roomsOf(await succeed());
    const admin = await asAdmin();
    const local = async (username: string, administrator = false) =>
      account(
        await register(h.synapse.url, h.deployment.secrets.SYNAPSE_REGISTRATION_SHARED_SECRET, {
          ...{ username, password: drawPassword(), admin: administrator },
        }),
      );
    const own = await local("phenom-support");
    const [boss, hand] = [await local("boss", true), await local("made-by-hand")];
    for (const { userId } of [own, boss, hand])
      await matrix(h.synapse.url, "POST", `/_synapse/admin/v1/join/${encodeURIComponent(rooms.internal)}`, {
        token: admin.accessToken,
        body: { user_id: userId },
      });
    const { lines } = await succeed();
    const stays = (who: Account, why: string) =>
      `skipped    ${alias("internal")}: ${who.userId} is not in group internal and stays: ${why}`;
    expect(lines).toContain(stays(boss, "a server administrator"));
    expect(lines).toContain(stays(hand, "no Cognito user is known for this account"));
    expect(lines.join("\n")).not.toContain(own.userId);
    const members = await joined(rooms.internal, admin);
    for (const { userId } of [own, boss, hand]) expect(members).toContain(userId);
    expect(members).toContain(`@phenom-mcp:${serverName}`);
  });

  it("removes nobody if the user pool has no such group", async () => {
    const sub = randomUUID();
    h.groups.set("internal", [{ sub }]);
    const person = await someone(sub);
    const rooms = roomsOf(await succeed());
    h.groups.delete("internal");
    expect(changed(await succeed())).toEqual([]);
    expect(await joined(rooms.internal, await asAdmin())).toContain(person.userId);
  });

  it("reports the group that the user pool lacks", async () => {
    h.groups.delete("partners");
    const { lines } = await succeed();
    expect(lines.join("\n")).toContain("the user pool has no group partners; create it and run this again");
  });

  describe("kept by the function of the schedule", () => {
    const secretArn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:admin-bot-AbCdEf";
    let aws: AwsServer;
    let built: Bundle;
    let lambda: LambdaProcess;
    beforeAll(async () => {
      aws = await startAws();
      built = await bundle("synapse-members");
      const credentials = { username: "phenom-admin", password: h.passwords.admin };
      aws.secrets.set(secretArn, JSON.stringify(credentials));
      lambda = startLambda(built.file, {
        ...aws.environment,
        SYNAPSE_URL: h.synapse.url,
        SYNAPSE_SERVER_NAME: serverName,
        SYNAPSE_ADMIN_SECRET_ARN: secretArn,
      });
    });
    afterAll(async () => {
      await lambda?.stop();
      await built?.remove();
      await aws?.stop();
    });

    const sync = () => lambda.invoke({ task: "groups", userPoolId: exampleProps.userPoolId });
    const inGroups = (sub: string, ...groups: string[]) => aws.groups.set(sub, groups);
    const erase = (sub: string, withMessages: boolean) => lambda.invoke({ task: "erase", sub, withMessages });

    it("joins a room and leaves it with the group, while the rooms are as bootstrap made them", async () => {
      aws.groups.clear();
      h.groups.set("internal", []).set("partners", []);
      const rooms = roomsOf(await succeed());
      const [comes, goes] = [randomUUID(), randomUUID()];
      const [newcomer, old] = [await someone(comes), await someone(goes)];
      inGroups(goes, "internal");
      expect(await sync()).toMatchObject({ refused: 0 });
      const admin = await asAdmin();
      expect(await joined(rooms.internal, admin)).toContain(old.userId);

      inGroups(goes);
      inGroups(comes, "internal", "partners");
      expect(await sync()).toMatchObject({ changed: 3, refused: 0 });
      expect(await joined(rooms.internal, admin)).not.toContain(old.userId);
      expect(await joined(rooms.internal, admin)).toContain(newcomer.userId);
      expect(await joined(rooms.partners, admin)).toContain(newcomer.userId);
      expect((await send(h.synapse.url, old, rooms.internal, "still here?")).status).toBe(403);
      expect(await sync()).toMatchObject({ changed: 0 });
    });

    it("goes on in one session, and in a new one where that was ended", async () => {
      const admin = await asAdmin();
      const device = `/_synapse/admin/v2/users/${encodeURIComponent(admin.userId)}/devices/MEMBERS`;
      const has = async () =>
        (await matrix(h.synapse.url, "GET", device, { token: admin.accessToken })).status;
      await sync();
      expect(await has()).toBe(200);
      await matrix(h.synapse.url, "DELETE", device, { token: admin.accessToken });
      expect(await sync()).toMatchObject({ changed: 0 });
      expect(await has()).toBe(200);
    });

    it("erases a person: files, messages if asked to, and the account", async () => {
      const room = roomsOf(await succeed()).partners;
      const sub = randomUUID();
      const person = await someone(sub);
      inGroups(sub, "partners");
      await sync();
      const { body } = await send(h.synapse.url, person, room, "to be forgotten");
      const uri = await upload(h.synapse.url, person, "a file");
      const admin = await asAdmin();
      const content = async () =>
        (await h.get(`${clients}/rooms/${encodeURIComponent(room)}/event/${body["event_id"]}`, admin))[
          "content"
        ];
      expect(await content()).toMatchObject({ body: "to be forgotten" });
      expect(await download(h.synapse.url, admin, uri)).toBe("a file");

      aws.groups.delete(sub);
      const erased = { account: person.userId, media: 1, failed: 0, isComplete: true };
      expect(await erase(sub, true)).toEqual(erased);
      expect(await content()).toEqual({});
      expect(await download(h.synapse.url, admin, uri)).toBe("");
      expect((await send(h.synapse.url, person, room, "back")).status).toBe(401);
      expect(await erase(sub, false)).toEqual({ ...erased, media: 0 });
      expect(await erase(randomUUID(), false)).toEqual({ media: 0, failed: 0, isComplete: true });
    });

    it("refuses another request, with the field that is wrong", async () => {
      await expect(lambda.invoke({ task: "else" })).rejects.toThrow("wrong or missing: task");
    });

    // The last one: nobody is left who could let the administrator in again.
    it("fails, and tells whom, where Synapse refuses to remove somebody", async () => {
      const { internal } = roomsOf(await succeed());
      const sub = randomUUID();
      const stubborn = await someone(sub);
      inGroups(sub, "internal");
      await sync();
      const leave = `${clients}/rooms/${encodeURIComponent(internal)}/leave`;
      await matrix(h.synapse.url, "POST", leave, { token: (await asAdmin()).accessToken });
      inGroups(sub);
      await expect(sync()).rejects.toThrow("Synapse refused to remove");
      expect(lambda.logs.at(-1)).toMatchObject({ level: "ERROR", Outcome: "failed", task: "groups" });
      expect(JSON.stringify(lambda.logs)).toContain(stubborn.userId);
    });
  });
});
