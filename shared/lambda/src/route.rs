//! What an API answers at, and who may call it there. The host routes by it, `tests/tidy` holds the
//! templates to it, and the API's description says it.

use utoipa::openapi::OpenApi;

/// A function behind the gateway, as whoever routes to it or documents it has to know it.
#[derive(Clone, Copy, Debug)]
pub struct Api {
    pub name: &'static str,
    pub routes: &'static [Route],
    /// The subjects of its description, each with what it is about.
    pub tags: &'static [(&'static str, &'static str)],
    /// Its part of the description.
    pub openapi: fn() -> OpenApi,
}

/// Who may call. With no token issuer set, whoever may call with a token may call without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Everybody,
    /// Who brings a user's token.
    User,
    /// Other services, who sign their requests.
    Service,
    /// Who signs requests as staff.
    Staff,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// As API Gateway writes it: a path, `…/{proxy+}` for all below it, or `$default`.
    pub path: &'static str,
    /// For every method but those below.
    pub access: Access,
    pub methods: &'static [(&'static str, Access)],
}

/// What no other route takes.
pub const DEFAULT: &str = "$default";

pub const fn route(path: &'static str, access: Access) -> Route {
    Route { path, access, methods: &[] }
}

impl Route {
    /// Who may call with these methods only.
    #[must_use]
    pub const fn but(mut self, methods: &'static [(&'static str, Access)]) -> Self {
        self.methods = methods;
        self
    }

    /// Everybody may read.
    #[must_use]
    pub const fn readable(self) -> Self {
        self.but(&[("GET", Access::Everybody)])
    }

    /// Every key that API Gateway has for it, `GET /orders` or `ANY /orders`, and who may call there.
    pub fn keys(&self) -> impl Iterator<Item = (String, Access)> {
        let all = match self.path {
            DEFAULT => DEFAULT.to_owned(),
            path => format!("ANY {path}"),
        };
        let one = |(method, access): &(&str, Access)| (format!("{method} {}", self.path), *access);
        std::iter::once((all, self.access)).chain(self.methods.iter().map(one))
    }

    /// Its key for all methods, which events name.
    pub fn key(&self) -> String {
        self.keys().next().map(|(key, _)| key).unwrap_or_default()
    }

    /// How well it fits a path: the longer of two is chosen. `None` if it does not.
    pub fn fits(&self, path: &str) -> Option<usize> {
        if self.path == DEFAULT {
            return Some(0);
        }
        let fits = match self.path.strip_suffix("{proxy+}") {
            Some(prefix) => path.len() > prefix.len() && path.starts_with(prefix),
            None => path == self.path,
        };
        fits.then_some(self.path.len())
    }

    pub fn access(&self, method: &str) -> Access {
        let own = self.methods.iter().find(|(name, _)| *name == method);
        own.map_or(self.access, |(_, access)| *access)
    }
}
