//! Hubbub's STUN and TURN server, sans-IO.
