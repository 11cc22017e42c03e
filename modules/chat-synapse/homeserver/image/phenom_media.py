"""A module of Synapse that makes the thumbnails of one picture at a time.

Synapse keeps a decoded picture in memory for each upload until its thumbnails are made, and has no setting that bounds
how many: eight small files of many pixels take twice the memory of the task.
"""

import logging
from typing import Any

from synapse.media.media_repository import MediaRepository
from synapse.module_api import ModuleApi
from synapse.util.async_helpers import Linearizer

logger = logging.getLogger(__name__)

# Uploads that wait. Beyond it a picture is stored without thumbnails, so that nobody can make everyone wait.
MAX_WAITING = 50

# An upgrade of Synapse that renames it must not go unnoticed.
generate = MediaRepository._generate_thumbnails


class ThumbnailQueue:
    def __init__(self, config: dict[str, Any], api: ModuleApi) -> None:
        queue = Linearizer(name="thumbnails", clock=api._hs.get_clock(), max_count=1)
        waiting = 0

        async def generate_in_turn(
            repository: MediaRepository, *args: Any, **kwargs: Any
        ) -> dict | None:
            nonlocal waiting
            if waiting >= MAX_WAITING:
                logger.warning("No thumbnails: %d pictures wait", waiting)
                return None
            waiting += 1
            try:
                async with queue.queue("picture"):
                    return await generate(repository, *args, **kwargs)
            finally:
                waiting -= 1

        MediaRepository._generate_thumbnails = generate_in_turn
