"""TC, CE and RoomOS endpoints: the driver, and what differs between their releases as data."""
