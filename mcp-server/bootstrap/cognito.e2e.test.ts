import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminDisableUserCommand,
  AdminRemoveUserFromGroupCommand,
  CognitoIdentityProviderClient,
  CreateGroupCommand,
  CreateUserPoolCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { alias, bootstrapHarness } from "../../test/bootstrap/harness.ts";
import { changed, roomsOf } from "../../test/bootstrap/program.ts";
import { describeWith } from "../../test/jest/describe-if.ts";
import { type Moto, startMoto } from "../../tools/servers/moto.ts";
import { exampleProps } from "../../tools/servers/synapse.ts";
import { readGroup } from "./groups.ts";

describeWith("moto", "synapse")("bootstrap with an emulated Cognito", () => {
  const h = bootstrapHarness();
  let moto: Moto;
  let cognito: CognitoIdentityProviderClient;
  let UserPoolId: string;

  beforeAll(async () => {
    moto = await startMoto();
    cognito = new CognitoIdentityProviderClient({
      region: exampleProps.region,
      endpoint: moto.url,
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    });
    UserPoolId = String((await cognito.send(new CreateUserPoolCommand({ PoolName: "p" }))).UserPool?.Id);
    for (const GroupName of ["internal", "partners"])
      await cognito.send(new CreateGroupCommand({ UserPoolId, GroupName }));
  });
  afterAll(() => moto?.stop());

  /** A new user in a group; returns the `sub`. */
  async function member(GroupName: string, Username: string): Promise<string> {
    const { User } = await cognito.send(
      new AdminCreateUserCommand({ UserPoolId, Username, MessageAction: "SUPPRESS" }),
    );
    await cognito.send(new AdminAddUserToGroupCommand({ UserPoolId, Username, GroupName }));
    return String(User?.Attributes?.find(({ Name }) => Name === "sub")?.Value);
  }

  it("reads a group of more than one page, and which users are disabled", async () => {
    await cognito.send(new CreateGroupCommand({ UserPoolId, GroupName: "many" }));
    const names = Array.from({ length: 61 }, (_, i) => `user-${i}`);
    const subs = new Map<string, string>();
    for (const name of names) subs.set(name, await member("many", name));
    await cognito.send(new AdminDisableUserCommand({ UserPoolId, Username: "user-7" }));
    const { people } = await readGroup(cognito, UserPoolId, "many");
    expect(new Set(people)).toEqual(
      new Set(names.map((name) => ({ sub: subs.get(name), enabled: name !== "user-7" }))),
    );
  });

  it("removes users who left the group from the room, and joins them again when they return", async () => {
    await h.fresh();
    const succeed = () =>
      h.succeed({
        AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: moto.url,
        COGNITO_USER_POOL_ID: UserPoolId,
      });
    const [stays, leaves] = [await member("internal", "stays"), await member("internal", "leaves")];
    await succeed();
    const [kept, left] = [await h.someone(stays), await h.someone(leaves)];
    const rooms = roomsOf(await succeed());
    const group = { UserPoolId, GroupName: "internal", Username: "leaves" };
    await cognito.send(new AdminRemoveUserFromGroupCommand(group));
    expect(changed(await succeed())).toEqual([
      `changed    ${alias("internal")}: ${left.userId} removed, not in group internal`,
    ]);
    const admin = await h.asAdmin();
    const members = await h.joined(rooms.internal, admin);
    expect(members).toContain(kept.userId);
    expect(members).not.toContain(left.userId);
    await cognito.send(new AdminAddUserToGroupCommand(group));
    expect(changed(await succeed())).toEqual([`changed    ${alias("internal")}: ${left.userId} joined`]);
    await h.gone();
  });
});
