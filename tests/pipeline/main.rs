//! From the bytes of an export to what the outside sees, room by room.

mod inventory;
