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

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Everybody,
    /// Whoever brings a token: for things of their own.
    User,
    /// Who sets up what is on sale.
    Organizer,
    /// Who runs the house: stock, and the status of orders.
    Staff,
    /// Who lets visitors in.
    Door,
    /// Other services, who sign their requests or bring a token of their own.
    Service,
}

impl Access {
    /// What a token must say, in its claim `scope`.
    pub const fn scope(self) -> Option<&'static str> {
        match self {
            Self::Everybody | Self::User => None,
            Self::Organizer => Some("marquee/organizer"),
            Self::Staff => Some("marquee/staff"),
            Self::Door => Some("marquee/door"),
            Self::Service => Some("marquee/service"),
        }
    }
}

impl Api {
    /// The route that a path takes: the most particular, as API Gateway chooses.
    pub fn route(&self, path: &str) -> Option<&'static Route> {
        let fitting = self.routes.iter().filter_map(|route| Some((route.fits(path)?, route)));
        fitting.max_by_key(|(fit, _)| *fit).map(|(_, route)| route)
    }

    /// Who may call there with that method. Where there is nothing, everybody may find that out.
    pub fn access(&self, method: &str, path: &str) -> Access {
        self.route(path).map_or(Access::Everybody, |route| route.access(method))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// As API Gateway writes it: a path, in which `{name}` is any one segment, and `…/{proxy+}` at the
    /// end all that is below; or `$default`.
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

    /// How well it fits a path: the better of two is chosen, and a whole path before all below one.
    /// `None` if it does not.
    pub fn fits(&self, path: &str) -> Option<(bool, usize)> {
        if self.path == DEFAULT {
            return Some((false, 0));
        }
        let (mut own, mut given) = (self.path.split('/'), path.split('/'));
        let mut segments = 0;
        loop {
            match (own.next(), given.next()) {
                (Some("{proxy+}"), Some(first)) if !first.is_empty() || given.next().is_some() => {
                    return Some((false, segments));
                }
                (Some(own), Some(given)) if own == given => {}
                (Some(own), Some(given)) if own.starts_with('{') && !given.is_empty() => {}
                (None, None) => return Some((true, segments)),
                _ => return None,
            }
            segments += 1;
        }
    }

    pub fn access(&self, method: &str) -> Access {
        let own = self.methods.iter().find(|(name, _)| *name == method);
        own.map_or(self.access, |(_, access)| *access)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &[Route] = &[
        route("/tickets/{proxy+}", Access::User),
        route("/tickets/{ticket_id}/check-in", Access::Door),
        route("/things", Access::Organizer).readable(),
    ];

    #[test]
    fn the_most_particular_route_is_chosen() {
        let fn_openapi = || OpenApi::default();
        let api = Api { name: "x", routes: ROUTES, tags: &[], openapi: fn_openapi };
        let access = |method, path| api.access(method, path);
        assert_eq!(access("POST", "/tickets/1/check-in"), Access::Door);
        assert_eq!(access("GET", "/tickets/1"), Access::User);
        assert_eq!(access("POST", "/tickets/1/check-in/more"), Access::User);
        assert_eq!(access("GET", "/things"), Access::Everybody);
        assert_eq!(access("DELETE", "/things"), Access::Organizer);
        assert!(api.route("/tickets").is_none() && api.route("/tickets/").is_none());
    }
}
