//! A child process and all that it started: asked to end, and killed when it does not.

use std::future::Future;
use std::io::Result;
use std::pin::Pin;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use process_wrap::tokio::{ChildWrapper, CommandWrap, CommandWrapper, KillOnDrop, ProcessGroup};
use tokio::process::Command;
use tokio::signal::unix::SignalKind;
use tokio::time::Instant;

/// Between TERM and KILL.
const GRACE: Duration = Duration::from_secs(2);
/// How often a group that was asked to end is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Puts a command into a process group of its own that ends as a whole.
pub(super) fn in_its_own_group(command: &mut CommandWrap) {
    // The last is the outermost: it sees the signals that the group gets.
    command.wrap(ProcessGroup::leader()).wrap(KillOnDrop).wrap(WholeGroup);
}

/// Makes a [`GroupChild`] of a child that leads its process group.
#[derive(Debug)]
struct WholeGroup;

impl CommandWrapper for WholeGroup {
    fn wrap_child(&mut self, inner: Box<dyn ChildWrapper>, _core: &CommandWrap) -> Result<Box<dyn ChildWrapper>> {
        Ok(Box::new(GroupChild { inner, is_asked_to_end: AtomicBool::new(false) }))
    }

    fn pre_spawn(&mut self, _command: &mut Command, _core: &CommandWrap) -> Result<()> {
        Ok(())
    }
}

/// A child whose end is the end of its process group.
#[derive(Debug)]
struct GroupChild {
    inner: Box<dyn ChildWrapper>,
    is_asked_to_end: AtomicBool,
}

impl GroupChild {
    /// What the child left behind is asked to end, and killed when it does not.
    async fn end_the_rest(&mut self) {
        let until = Instant::now() + GRACE;
        let mut left = self.inner.signal(SignalKind::terminate().as_raw_value());
        while left.is_ok() {
            if Instant::now() >= until {
                // An error says that nobody is left.
                let _ = self.inner.start_kill();
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
            // Whoever does not ask for this signal never notices it, but it can't be sent to nobody.
            left = self.inner.signal(SignalKind::window_change().as_raw_value());
        }
    }
}

impl ChildWrapper for GroupChild {
    fn inner(&self) -> &dyn ChildWrapper {
        self.inner.as_ref()
    }

    fn inner_mut(&mut self) -> &mut dyn ChildWrapper {
        self.inner.as_mut()
    }

    fn into_inner(self: Box<Self>) -> Box<dyn ChildWrapper> {
        self.inner
    }

    fn signal(&self, signal: i32) -> Result<()> {
        if signal == SignalKind::terminate().as_raw_value() {
            self.is_asked_to_end.store(true, Ordering::Relaxed);
        }
        self.inner.signal(signal)
    }

    fn wait(&mut self) -> Pin<Box<dyn Future<Output = Result<ExitStatus>> + Send + '_>> {
        Box::pin(async {
            let status = if self.is_asked_to_end.load(Ordering::Relaxed) {
                if let Ok(status) = tokio::time::timeout(GRACE, self.inner.wait()).await {
                    status?
                } else {
                    self.inner.start_kill()?;
                    self.inner.wait().await?
                }
            } else {
                self.inner.wait().await?
            };
            self.end_the_rest().await;
            Ok(status)
        })
    }
}
