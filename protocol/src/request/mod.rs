//! The REST API under `/api/v1`, a file per noun: each request with its path, its body and its answer.

pub mod account;
pub mod channel;
pub mod gateway;
pub mod guild;
pub mod instance;
pub mod invite;
pub mod message;
pub mod voice;

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Stands before every route.
pub const PREFIX: &str = "/api/v1";

/// Methods of RFC 9110 (and PATCH, RFC 5789) that the API uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who may send a request at all; what they may do with it is decided per object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Caller {
    Anyone,
    SignedIn,
}

/// One row of the table of routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    pub name: &'static str,
    pub method: Method,
    /// With parameters in braces, below [`PREFIX`].
    pub path: &'static str,
    pub caller: Caller,
}

/// A request and what it is answered with.
pub trait Request {
    const ROUTE: Route;
    /// Sent as JSON; of a GET, as the query string. `()`: nothing.
    type Body: Serialize + DeserializeOwned + Send + 'static;
    /// `()`: 204 without a body.
    type Answer: Serialize + DeserializeOwned + Send + 'static;

    /// The path with its parameters filled in, below [`PREFIX`].
    fn path(&self) -> String;
    fn body(&self) -> &Self::Body;
}

/// Declares requests: `Name(parameter: Type, ..): Caller METHOD "/path/{parameter}", Body => Answer;`
macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident($($param:ident: $type:ty),*): $caller:ident $method:ident $path:literal, $body:ty => $answer:ty;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone)]
            pub struct $name {
                $(pub $param: $type,)*
                pub body: $body,
            }

            impl crate::request::Request for $name {
                const ROUTE: crate::request::Route = crate::request::Route {
                    name: stringify!($name),
                    method: crate::request::Method::$method,
                    path: $path,
                    caller: crate::request::Caller::$caller,
                };
                type Body = $body;
                type Answer = $answer;

                fn path(&self) -> String {
                    format!($path, $($param = self.$param),*)
                }

                fn body(&self) -> &$body {
                    &self.body
                }
            }
        )*

        /// The routes of this noun.
        pub(crate) const ROUTES: &[crate::request::Route] = &[$(<$name as crate::request::Request>::ROUTE),*];
    };
}
pub(crate) use requests;

/// Every route, in no particular order.
pub fn routes() -> impl Iterator<Item = Route> {
    [
        account::ROUTES,
        channel::ROUTES,
        gateway::ROUTES,
        guild::ROUTES,
        instance::ROUTES,
        invite::ROUTES,
        message::ROUTES,
        voice::ROUTES,
    ]
    .into_iter()
    .flatten()
    .copied()
}
