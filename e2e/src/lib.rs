//! Headless clients, browser journeys and benches for Hubbub.
