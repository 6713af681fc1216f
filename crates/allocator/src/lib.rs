//! The allocator of the program: mimalloc, made for small pieces that live briefly on several threads, and told to give memory
//! back at once. Left to itself it keeps what was freed for a second and looks again only when somebody allocates, so a desk
//! that has read its policy, or is quiet after a busy hour, keeps a third more than it needs.

use libmimalloc_sys::{mi_option_set_default, mi_option_t};

/// What the program's binary makes its `#[global_allocator]`.
pub use mimalloc::MiMalloc;

/// `mi_option_purge_delay` of mimalloc 3, in milliseconds; the bindings do not name it.
/// <https://microsoft.github.io/mimalloc/group__options.html>
const PURGE_DELAY: mi_option_t = 15;

/// Lets the allocator give freed memory back at once, unless `MIMALLOC_PURGE_DELAY` says otherwise. Measured, this costs no
/// throughput.
#[allow(unsafe_code)]
pub fn give_back_at_once() {
    // SAFETY: the call takes two integers by value and stores one of them; mimalloc ignores an option that it does not know. It
    // may be made at any time, from any thread.
    unsafe { mi_option_set_default(PURGE_DELAY, 0) };
}
