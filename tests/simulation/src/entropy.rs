//! Random numbers from the seed, for all who ask the kernel for them.
//!
//! Identifiers, the order of hash maps and the jitter of retries all begin with the C library's
//! `getrandom`. This program brings its own: inside of a world it answers from the world's seed.

use std::{cell::RefCell, thread};

use tokio::task::LocalSet;

/// A deep future is no reason to fail.
const STACK_BYTES: usize = 64 * 1024 * 1024;

thread_local! {
    static SEEDED: RefCell<Option<fastrand::Rng>> = const { RefCell::new(None) };
}

/// Does this in a thread of its own, in which random numbers come from the seed, and time passes only when
/// everybody waits.
///
/// # Errors
/// What it panicked with.
///
/// # Panics
/// If there can be no more threads.
pub fn in_a_seeded_thread<T, F>(
    seed: u64,
    work: impl FnOnce() -> F + Send + 'static,
) -> thread::Result<T>
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let seeded = move || {
        SEEDED.with(|seeded| *seeded.borrow_mut() = Some(fastrand::Rng::with_seed(seed)));
        fastrand::seed(seed);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        LocalSet::new().block_on(&runtime, work())
    };
    thread::Builder::new().stack_size(STACK_BYTES).spawn(seeded).expect("a thread").join()
}

/// Fills from the seed; `false` outside of a world.
fn fill(bytes: &mut [u8]) -> bool {
    SEEDED
        .try_with(|seeded| match seeded.try_borrow_mut().as_deref_mut() {
            Ok(Some(rng)) => {
                rng.fill(bytes);
                true
            }
            _ => false,
        })
        .unwrap_or(false)
}

/// In place of the C library's.
///
/// # Safety
/// As there: `buffer` points to `len` bytes that may be written.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getrandom(
    buffer: *mut libc::c_void,
    len: libc::size_t,
    flags: libc::c_uint,
) -> libc::ssize_t {
    // SAFETY: the caller's promise.
    let bytes = unsafe { std::slice::from_raw_parts_mut(buffer.cast::<u8>(), len) };
    if fill(bytes) {
        return libc::ssize_t::try_from(len).unwrap_or(libc::ssize_t::MAX);
    }
    // SAFETY: the caller's promise, handed on to the kernel.
    let got = unsafe { libc::syscall(libc::SYS_getrandom, buffer, len, flags) };
    libc::ssize_t::try_from(got).unwrap_or(-1)
}
