"""Room Navigators that stand alone: RoomOS without an external manager."""
