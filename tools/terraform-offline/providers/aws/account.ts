import { blocksOf, textOf } from "../../plugin/value.ts";
import { ACCOUNT } from "./ids.ts";
import type { AwsService } from "./service.ts";

export const account: AwsService = {
  resources: {},
  dataSources: {
    aws_caller_identity: {
      computed: () => ({
        account_id: ACCOUNT,
        arn: `arn:aws:iam::${ACCOUNT}:user/offline`,
        user_id: "AIDAOFFLINEOFFLINE00",
        id: ACCOUNT,
      }),
    },
    aws_region: {
      computed(config, ids) {
        const region = textOf(config.region) ?? textOf(config.name) ?? ids.region;
        return {
          id: region,
          name: region,
          region,
          endpoint: `ec2.${region}.amazonaws.com`,
          description: `Region ${region}`,
        };
      },
    },
    aws_partition: {
      computed: () => ({
        id: "aws",
        partition: "aws",
        dns_suffix: "amazonaws.com",
        reverse_dns_prefix: "com.amazonaws",
      }),
    },
    aws_default_tags: {
      computed: (_config, _ids, { providerConfig }) => ({
        id: "aws",
        tags: blocksOf(providerConfig?.default_tags)[0]?.tags ?? {},
      }),
    },
  },
};
