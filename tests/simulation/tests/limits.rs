//! Whether the simulated AWS has its limits: each against the number that AWS documents.
//!
//! Time is what a test says it is, so that nobody waits.

#[path = "limits/account.rs"]
mod account;
#[path = "limits/capacity.rs"]
mod capacity;
#[path = "limits/idempotency.rs"]
mod idempotency;
#[path = "limits/lambda.rs"]
mod lambda;
#[path = "limits/reads.rs"]
mod reads;
#[path = "limits/replicas.rs"]
mod replicas;
#[path = "limits/sizes.rs"]
mod sizes;
#[path = "limits/streams.rs"]
mod streams;
#[path = "limits/throughput.rs"]
mod throughput;
#[path = "limits/transactions.rs"]
mod transactions;
#[path = "limits/writes.rs"]
mod writes;
