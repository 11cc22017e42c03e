"""Uses a homeserver with matrix-nio: signs in with a login token, joins a room by its alias, writes and reads there.

Prints one line of JSON: who signed in, what was sent, and what came back.
"""

import asyncio
import json
import sys

from nio import AsyncClient, LoginError, RoomMessageText

TEXT = "Hello from another SDK"


def checked(answer):
    if type(answer).__name__.endswith("Error"):
        sys.exit(f"{type(answer).__name__}: {answer}")
    return answer


async def main(homeserver: str, token: str, alias: str) -> None:
    client = AsyncClient(homeserver)
    try:
        login = await client.login(token=token)
        if isinstance(login, LoginError):
            sys.exit(f"the login failed: {login}")
        room = checked(await client.join(alias)).room_id
        content = {"msgtype": "m.text", "body": TEXT}
        checked(await client.room_send(room, "m.room.message", content))
        sync = checked(await client.sync(timeout=5000, full_state=True))
        events = sync.rooms.join[room].timeline.events
        read = [event.body for event in events if isinstance(event, RoomMessageText)]
        print(json.dumps({"user": login.user_id, "sent": TEXT, "read": read[-1] if read else None}))
    finally:
        await client.close()


asyncio.run(main(*sys.argv[1:]))
