import { textOf } from "../../plugin/value.ts";
import { ACCOUNT, type Ids } from "./ids.ts";
import { checkPolicy } from "./policy-check.ts";
import type { AwsService } from "./service.ts";

const protocols = ["application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"];

const queueUrl = (ids: Ids, name: unknown) => `https://sqs.${ids.region}.amazonaws.com/${ACCOUNT}/${name}`;

export const messaging: AwsService = {
  resources: {
    aws_sns_topic: {
      check: (checks, config) =>
        checks.matches(
          config,
          "name",
          config.fifo_topic === true ? /^[A-Za-z0-9_-]{1,251}\.fifo$/ : /^[A-Za-z0-9_-]{1,256}$/,
          "At most 256 letters, digits, - and _.",
        ),
      computed(planned, ids) {
        const generated = `${ids.name()}${planned.fifo_topic === true ? ".fifo" : ""}`;
        const name = textOf(planned.name) ?? generated;
        const arn = ids.arn("sns", name);
        return { name, arn, id: arn, owner: ACCOUNT, policy: "", beginning_archive_time: "" };
      },
      replacedBy: ["name", "name_prefix", "fifo_topic"],
    },
    aws_sns_topic_policy: {
      check: (checks, { policy }) => checkPolicy(checks, "policy", policy, "resource"),
      computed: ({ arn }) => ({ id: arn, owner: ACCOUNT }),
    },
    aws_sns_topic_subscription: {
      check: (checks, config) => checks.oneOf(config, "protocol", protocols),
      computed({ topic_arn, protocol }, ids) {
        const arn = `${topic_arn}:${ids.uuid()}`;
        return {
          arn,
          id: arn,
          owner_id: ACCOUNT,
          pending_confirmation: protocol === "email",
          confirmation_was_authenticated: false,
          filter_policy_scope: "",
        };
      },
      replacedBy: ["topic_arn", "protocol", "endpoint"],
    },
    aws_sqs_queue: {
      check(checks, config) {
        const { policy, redrive_policy, fifo_queue } = config;
        checks.matches(
          config,
          "name",
          fifo_queue === true ? /^[A-Za-z0-9_-]{1,75}\.fifo$/ : /^[A-Za-z0-9_-]{1,80}$/,
          "At most 80 letters, digits, - and _, with .fifo on a FIFO queue.",
        );
        if (policy !== "") checkPolicy(checks, "policy", policy, "resource");
        checks.json("redrive_policy", redrive_policy);
      },
      computed(planned, ids) {
        const generated = `${ids.name()}${planned.fifo_queue === true ? ".fifo" : ""}`;
        const name = textOf(planned.name) ?? generated;
        const url = queueUrl(ids, name);
        return {
          name,
          id: url,
          url,
          arn: ids.arn("sqs", name),
          kms_data_key_reuse_period_seconds: 300,
          sqs_managed_sse_enabled: true,
        };
      },
      replacedBy: ["name", "name_prefix", "fifo_queue"],
      unique: { by: ["name"], error: "QueueNameExists" },
    },
    aws_sqs_queue_policy: {
      check: (checks, { policy }) => checkPolicy(checks, "policy", policy, "resource"),
      computed: ({ queue_url }) => ({ id: queue_url }),
      replacedBy: ["queue_url"],
    },
  },
  dataSources: {
    aws_sns_topic: {
      computed({ name }, ids) {
        const arn = ids.arn("sns", String(name));
        return { id: arn, arn };
      },
    },
    aws_sqs_queue: {
      computed({ name }, ids) {
        const url = queueUrl(ids, name);
        return { id: url, url, arn: ids.arn("sqs", String(name)) };
      },
    },
  },
};
