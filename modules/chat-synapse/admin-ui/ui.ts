import type { Construct } from "constructs";
import { FargateService } from "../../../constructs/fargate-service.ts";
import { foreignIngress } from "../../../constructs/foreign-ingress.ts";
import type { ListenerRule, RuleAction } from "../../../constructs/listener-rule.ts";
import type { HomeserverRule } from "../homeserver-rule.ts";
import type { ChatSynapseProps } from "../props.ts";
import { adminAction, adminClosed } from "./access.ts";

export const ADMIN_UI_PORT = 80;
const PREFIX = "/chat-admin";

/** Synapse Admin below `/chat-admin/`. `undefined` if its access is closed; the path then answers 403. */
export function adminUi(
  scope: Construct,
  props: ChatSynapseProps,
  rule: HomeserverRule,
): FargateService | undefined {
  const { priorities, adminAccess } = props;
  rule("admin-ui-redirect", priorities.adminUiRedirect, [PREFIX], { redirectTo: `${PREFIX}/` });
  const below = (action: RuleAction) =>
    rule("admin-ui-rule", priorities.adminUi, [`${PREFIX}/*`], action, {
      // The image only serves at /.
      ...("forwardTo" in action && {
        rewrite: { regex: `^${PREFIX}/(.*)$`, replace: "/$1" },
      }),
    });
  if (adminAccess.mode === "closed") {
    below(adminClosed);
    return undefined;
  }
  return service(scope, props, (targetGroup) => [
    below(adminAction(adminAccess, targetGroup, "authenticate")),
  ]);
}

function service(
  scope: Construct,
  props: ChatSynapseProps,
  rules: (targetGroup: string) => ListenerRule[],
): FargateService {
  const { deployment, network, images, clusterArn, ecsTasksSecurityGroupId, sizes } = props;
  const fromAlb = foreignIngress(scope, "admin-ui-from-alb", {
    deployment,
    owner: props.ingressRules.adminUiFromAlb,
    securityGroupId: ecsTasksSecurityGroupId,
    from: props.albSecurityGroupId,
    port: ADMIN_UI_PORT,
    description: "Synapse admin UI from the load balancer",
  });
  return new FargateService(scope, "admin-ui", {
    deployment,
    name: `${deployment.project}-synapse-admin`,
    targetGroupName: `${deployment.project}-syn-admin-tg`,
    clusterArn,
    network,
    securityGroupIds: [ecsTasksSecurityGroupId],
    size: sizes.synapseAdmin,
    container: {
      image: images.synapseAdmin,
      // It only logs which static files were sent.
      logMode: "non-blocking",
      port: ADMIN_UI_PORT,
      // nginx writes its cache and pid file here; its master binds port 80 and its workers change their user.
      mounts: { cache: "/var/cache/nginx", run: "/run" },
      capabilities: ["CHOWN", "DAC_OVERRIDE", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"],
      stopTimeout: 10,
    },
    volumes: [{ name: "cache" }, { name: "run" }],
    health: { path: "/", probe: ["wget", "-q", "-O", "/dev/null"], startPeriod: 30 },
    rules,
    deregistrationDelay: 5,
    startsAfter: fromAlb,
  });
}
