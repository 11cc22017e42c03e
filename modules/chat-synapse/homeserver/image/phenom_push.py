"""A module of Synapse by which the rooms that everybody joins notify of mentions only, until a person asks for more.

With Matrix's own rules each message notifies every member, and Synapse stores a row for each whom it notifies. It has no
default of push rules for a server or a room. The rule comes after a person's own ones: a rule for the room decides.
"""

import json
from typing import Any

from synapse.handlers.push_rules import PushRulesHandler
from synapse.module_api import ModuleApi
from synapse.push.bulk_push_rule_evaluator import BulkPushRuleEvaluator
from synapse.push.rulekinds import PRIORITY_CLASS_MAP
from synapse.storage.databases.main import push_rule
from synapse.types import RoomAlias

# An upgrade of Synapse that renames one of them must not go unnoticed.
load_rules = push_rule._load_rules
rules_for_event = BulkPushRuleEvaluator._get_rules_for_event
rules_for_client = PushRulesHandler.push_rules_for_user

# As rows of the table of push rules: id, class, conditions, actions.
Rule = tuple[str, int, str, str]


def mentions_only(room_id: str) -> Rule:
    condition = {"kind": "event_match", "key": "room_id", "pattern": room_id}
    name = f"global/underride/.phenom.mentions_only:{room_id}"
    return (name, PRIORITY_CLASS_MAP["underride"], json.dumps([condition]), "[]")


class MentionsOnly:
    def __init__(self, config: dict[str, Any], api: ModuleApi) -> None:
        store = api._hs.get_datastores().main
        missing = {RoomAlias.from_string(alias) for alias in api._hs.config.registration.auto_join_rooms}
        defaults: list[Rule] = []

        async def look_up_rooms() -> None:
            """Bootstrap makes the rooms after the first start."""
            for alias in list(missing):
                room = await store.get_association_from_room_alias(alias)
                if room and alias in missing:
                    missing.remove(alias)
                    defaults.append(mentions_only(room.room_id))
                    store.get_push_rules_for_user.invalidate_all()

        def load_with_defaults(rules: list[Rule], *args: Any) -> Any:
            return load_rules([*rules, *defaults], *args)

        async def rules_for_event_with_defaults(evaluator: BulkPushRuleEvaluator, event: Any) -> Any:
            await look_up_rooms()
            return await rules_for_event(evaluator, event)

        async def rules_for_client_with_defaults(handler: PushRulesHandler, user: Any) -> Any:
            await look_up_rooms()
            return await rules_for_client(handler, user)

        push_rule._load_rules = load_with_defaults
        BulkPushRuleEvaluator._get_rules_for_event = rules_for_event_with_defaults
        PushRulesHandler.push_rules_for_user = rules_for_client_with_defaults
