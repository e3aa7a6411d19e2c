//! The payment provider: the test kit's ledger, on a line where calls and answers get lost.

use marquee_testkit::ledger::{Ledger, Trouble};

use crate::{faults::Faults, mix::Fault};

pub fn provider(faults: Faults) -> Ledger {
    Ledger::new(move |call| {
        let trouble = if faults.strike(Fault::ProviderLost) {
            Trouble::Lost
        } else if faults.strike(Fault::ProviderUnanswered) {
            Trouble::AnswerLost
        } else if call == "authorise" && faults.strike(Fault::Declined) {
            Trouble::Declined
        } else {
            Trouble::None
        };
        faults.journal.write(&format!("provider {call} {trouble:?}"));
        trouble
    })
}
