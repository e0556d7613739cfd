//! The hubbub program: web client, REST API, gateway, SFU and TURN in one.
