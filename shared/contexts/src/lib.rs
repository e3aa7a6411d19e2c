//! The one list of contexts. What has to know all of them reads it here: who declares queues and
//! tables, who relays for every context, who documents every problem.

#[cfg(feature = "tables")]
use aws_sdk_dynamodb::{error::BuildError, operation::create_table::CreateTableInput};
use marquee_kernel::problem::{self, ProblemType};
use marquee_messaging::topology::{Part, Topology};

/// A context, by the name that its folders, its stack and its table have.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    pub name: &'static str,
    pub topology: Part,
    pub problems: &'static [&'static ProblemType],
    /// Its table's definition, by the table's name.
    #[cfg(feature = "tables")]
    pub table: fn(&str) -> Result<CreateTableInput, BuildError>,
}

pub const CONTEXTS: &[Context] = &[
    Context {
        name: "booking",
        topology: marquee_booking::topology::PART,
        problems: marquee_booking_domain::problems::ALL,
        #[cfg(feature = "tables")]
        table: marquee_booking::store::schema::table,
    },
    Context {
        name: "ordering",
        topology: marquee_ordering::topology::PART,
        problems: marquee_ordering_domain::problems::ALL,
        #[cfg(feature = "tables")]
        table: marquee_ordering::store::schema::table,
    },
    Context {
        name: "members",
        topology: marquee_members::topology::PART,
        problems: &[],
        #[cfg(feature = "tables")]
        table: marquee_members::store::schema::table,
    },
    Context {
        name: "shop",
        topology: marquee_shop::topology::PART,
        problems: marquee_shop_domain::problems::ALL,
        #[cfg(feature = "tables")]
        table: marquee_shop::store::schema::table,
    },
    Context {
        name: "waiting-room",
        topology: marquee_waiting_room::topology::PART,
        problems: marquee_waiting_room_domain::problems::ALL,
        #[cfg(feature = "tables")]
        table: marquee_waiting_room::store::schema::table,
    },
];

/// All that is published and consumed.
pub fn topology() -> Topology {
    CONTEXTS.iter().map(|context| context.topology).collect()
}

/// Every kind of problem: those that any function can answer with, those of payments, and each
/// context's own.
pub fn problems() -> impl Iterator<Item = &'static ProblemType> {
    let own = CONTEXTS.iter().flat_map(|context| context.problems);
    let payments = marquee_payments_domain::problems::ALL;
    problem::ALL.iter().chain(payments).chain(own).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    #[test]
    fn names_are_unique_and_a_routing_key_belongs_to_one_exchange() {
        let (mut names, mut exchanges) = (HashSet::new(), HashMap::new());
        for queue in topology().queues() {
            assert!(names.insert(queue.name), "two queues are called {}", queue.name);
            for key in queue.routing_keys {
                let first = *exchanges.entry(key).or_insert(queue.exchange);
                assert_eq!(first, queue.exchange, "{key} is on two exchanges");
            }
        }
        let mut slugs = HashSet::new();
        for problem in problems() {
            assert!(slugs.insert(problem.slug), "two problems are called {}", problem.slug);
        }
    }
}
