"""Files in a folder that gateways and workers share: whose they are, and how much each owner may have."""

from taskbeam.storage.room import NoRoomError, Room, owner_folder

__all__ = ["NoRoomError", "Room", "owner_folder"]
