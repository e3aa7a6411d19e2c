//! Which student the caller is, and whose orders they may see.

use marquee_lambda::{
    identity::{Caller, user_of},
    problem::{FORBIDDEN, Problem},
    route::Access,
};
use marquee_ordering_domain::names::StudentId;

/// The student of the caller's token: its `sub`, if that can be a student's name, and else the
/// identifier that is made of it. `None` where nobody is asked who they are.
fn own(caller: &Caller) -> Option<StudentId> {
    let subject = caller.subject.as_deref().filter(|_| !caller.is_believed())?;
    subject.parse().or_else(|_| user_of(subject).to_string().parse()).ok()
}

/// Whether the caller is known to be this student.
pub(crate) fn is_own(caller: &Caller, student: &StudentId) -> bool {
    own(caller).as_ref() == Some(student)
}

/// The student that an order is for.
///
/// # Errors
/// If none is named, or one that the caller may not order for.
pub(crate) fn ordering_for(
    caller: &Caller,
    named: Option<StudentId>,
) -> Result<StudentId, Problem> {
    match (own(caller), named) {
        (Some(own), None) => Ok(own),
        (Some(own), Some(named)) if named != own && !caller.may(Access::Staff) => Err(not_yours()),
        (_, Some(named)) => Ok(named),
        (None, None) => Err(Problem::invalid_field("student_id", "is missing")),
    }
}

/// Whether the caller may see what is this student's.
pub(crate) fn may_see(caller: &Caller, student: Option<&StudentId>) -> bool {
    sees_all(caller) || own(caller).as_ref() == student
}

/// The student whose orders a list shall have; `None` for everybody's.
///
/// # Errors
/// If the caller may not see that student's.
pub(crate) fn listed_for(
    caller: &Caller,
    named: Option<StudentId>,
) -> Result<Option<StudentId>, Problem> {
    match (sees_all(caller), own(caller), named) {
        (true, _, named) => Ok(named),
        (false, own, None) => Ok(own),
        (false, own, named) if own == named => Ok(named),
        _ => Err(not_yours()),
    }
}

fn sees_all(caller: &Caller) -> bool {
    caller.is_believed() || caller.works_here()
}

fn not_yours() -> Problem {
    let scope = Access::Staff.scope().unwrap_or_default();
    let detail = format!("student_id is not yours, and the token lacks the scope {scope}");
    Problem::new(&FORBIDDEN, detail).with("scope", scope)
}
