//! Computing that may take a moment, off the threads that serve: as much at once as the machine has cores.

use std::io;
use std::sync::LazyLock;

use crate::threads::{Threads, Unfinished};

static THREADS: LazyLock<io::Result<Threads<()>>> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Threads::start("compute", vec![(); cores])
});

/// Does this work when a core is free for it. Dropping the future leaves it to be done all the same.
///
/// # Errors
/// [`Unfinished`], which also says that the system gave no threads.
pub async fn when_free<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Unfinished> {
    match &*THREADS {
        Ok(threads) => threads.run(move |()| work()).await,
        Err(_) => Err(Unfinished::Ended),
    }
}
