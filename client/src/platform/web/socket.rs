use futures_channel::mpsc::UnboundedSender;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{CloseEvent, MessageEvent, WebSocket};

use super::super::Input;

/// A WebSocket to this page's server. Dropping it closes it without a word.
pub struct Socket {
    socket: WebSocket,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    /// Opens a socket; what it does is told under its number.
    #[must_use]
    pub fn open(path: &str, number: u32, inputs: UnboundedSender<Input>) -> Option<Self> {
        let origin = super::origin();
        let address = format!("ws{}{path}", origin.strip_prefix("http").unwrap_or(&origin));
        let socket = WebSocket::new(&address).ok()?;
        let frames = inputs.clone();
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(text) = event.data().as_string() {
                let _ = frames.unbounded_send(Input::SocketFrame { socket: number, text });
            }
        });
        let on_close = Closure::<dyn FnMut(CloseEvent)>::new(move |event: CloseEvent| {
            let _ = inputs.unbounded_send(Input::SocketClosed { socket: number, code: event.code() });
        });
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Some(Self { socket, _on_message: on_message, _on_close: on_close })
    }

    /// Sends a text; on a socket that is gone it is lost, as the close will tell.
    pub fn send(&self, text: &str) {
        let _ = self.socket.send_with_str(text);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        let _ = self.socket.close();
    }
}
