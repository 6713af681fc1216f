//! Deliveries to Deskbell: signed, timed, retried as Slack does, over HTTP or Socket Mode.

pub(crate) mod log;
pub(crate) mod parcel;
pub(crate) mod signature;
pub(crate) mod socket;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::{Semaphore, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::log::{DeliveryLog, DeliveryRecord};
use self::parcel::Parcel;
use self::socket::Sockets;
use crate::config::{Delivery, Timing};
use crate::error::SandboxError;
use crate::faults::{Fault, FaultTable};
use crate::workspace::ids::micros_now;

/// Deliveries under way at once; more wait their turn.
const AT_ONCE: usize = 256;

/// Which retry an attempt is, and why.
#[derive(Debug, Clone)]
pub(crate) struct Retry {
    pub(crate) number: u32,
    pub(crate) reason: String,
}

/// How an attempt ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attempt {
    pub(crate) status: Option<u16>,
    pub(crate) error: Option<String>,
    /// The body of an acknowledgement.
    pub(crate) body: Vec<u8>,
    /// Whether the answer carried `x-slack-no-retry: 1`.
    pub(crate) no_retry: bool,
}

impl Attempt {
    pub(crate) fn failed(reason: &str) -> Self {
        Self { error: Some(reason.to_owned()), ..Self::default() }
    }

    pub(crate) fn is_acknowledged(&self) -> bool {
        self.error.is_none()
    }

    /// The JSON of the acknowledgement, or `Null`.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Takes parcels to Deskbell.
#[derive(Debug)]
pub(crate) struct Courier {
    delivery: Mutex<Option<Delivery>>,
    http: reqwest::Client,
    secret: String,
    pub(crate) timing: Timing,
    pub(crate) sockets: Sockets,
    log: Mutex<DeliveryLog>,
    records: broadcast::Sender<DeliveryRecord>,
    faults: FaultTable,
    permits: Semaphore,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Courier {
    pub(crate) fn new(
        delivery: Option<Delivery>,
        secret: String,
        timing: Timing,
        faults: FaultTable,
        stop: CancellationToken,
    ) -> Result<Self, SandboxError> {
        // A second installation fails harmlessly: the process then has its provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(SandboxError::HttpClient)?;
        Ok(Self {
            delivery: Mutex::new(delivery),
            http,
            secret,
            sockets: Sockets::new(timing.clone(), stop.clone()),
            timing,
            log: Mutex::default(),
            records: broadcast::channel(1024).0,
            faults,
            permits: Semaphore::new(AT_ONCE),
            tasks: TaskTracker::new(),
            stop,
        })
    }

    pub(crate) fn set_delivery(&self, delivery: Option<Delivery>) {
        *self.delivery.lock().unwrap_or_else(PoisonError::into_inner) = delivery;
    }

    pub(crate) fn delivery(&self) -> Option<Delivery> {
        self.delivery.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every attempt as it ends.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<DeliveryRecord> {
        self.records.subscribe()
    }

    /// Reads the log.
    pub(crate) fn with_log<T>(&self, read: impl FnOnce(&DeliveryLog) -> T) -> T {
        read(&self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many event deliveries still wait for an answer or a retry.
    pub(crate) fn under_way(&self) -> usize {
        self.tasks.len()
    }

    /// Delivers an event in the background, with Slack's three retries.
    pub(crate) fn deliver_event(self: &Arc<Self>, parcel: Parcel) {
        let courier = Arc::clone(self);
        self.tasks.spawn(async move {
            let stop = courier.stop.clone();
            let _ = stop.run_until_cancelled(courier.deliver_with_retries(parcel)).await;
        });
    }

    async fn deliver_with_retries(&self, parcel: Parcel) {
        let mut last = self.attempt(&parcel, None).await;
        for (number, delay) in (1_u32..).zip(&self.timing.retry_delays) {
            if last.is_acknowledged() || last.no_retry {
                return;
            }
            tokio::time::sleep(*delay).await;
            let reason = last.error.take().unwrap_or_default();
            last = self.attempt(&parcel, Some(Retry { number, reason })).await;
        }
    }

    /// Delivers once: commands and clicks are never retried.
    pub(crate) async fn deliver_once(&self, parcel: &Parcel) -> Attempt {
        self.attempt(parcel, None).await
    }

    /// One attempt under the fault rules, entered in the log.
    async fn attempt(&self, parcel: &Parcel, retry: Option<Retry>) -> Attempt {
        let Ok(_permit) = self.permits.acquire().await else {
            return Attempt::failed("connection_failed");
        };
        let sent_at_micros = micros_now();
        let began = Instant::now();
        let attempt = self.attempt_with_faults(parcel, retry.as_ref()).await;
        self.enter(DeliveryRecord {
            id: 0,
            target: parcel.door.target().into(),
            what: parcel.what.clone(),
            event_id: parcel.payload.get("event_id").and_then(Value::as_str).map(str::to_owned),
            retry: retry.map_or(0, |retry| retry.number),
            sent_at_micros,
            latency_micros: u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
            status: attempt.status,
            error: attempt.error.clone(),
        });
        attempt
    }

    fn enter(&self, record: DeliveryRecord) {
        let record = self.log.lock().unwrap_or_else(PoisonError::into_inner).add(record);
        // Nobody listening is no fault.
        let _ = self.records.send(record);
    }

    async fn attempt_with_faults(&self, parcel: &Parcel, retry: Option<&Retry>) -> Attempt {
        match self.faults.decide(parcel.door.target()) {
            None => self.carry(parcel, retry).await,
            Some(Fault::Delayed { ms }) => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                self.carry(parcel, retry).await
            }
            Some(Fault::DuplicateDelivery) => {
                let (first, _second) = tokio::join!(self.carry(parcel, retry), self.carry(parcel, retry));
                first
            }
            Some(Fault::LostResponse) => {
                self.carry(parcel, retry).await;
                Attempt::failed("http_timeout")
            }
            Some(Fault::Timeout { ms, work_done }) => {
                if work_done {
                    self.carry(parcel, retry).await;
                }
                tokio::time::sleep(Duration::from_millis(ms)).await;
                Attempt::failed("http_timeout")
            }
            Some(Fault::Status { status, .. }) => Attempt { status: Some(status), ..Attempt::failed("http_error") },
        }
    }

    async fn carry(&self, parcel: &Parcel, retry: Option<&Retry>) -> Attempt {
        match self.delivery() {
            None => Attempt::failed("connection_failed"),
            Some(Delivery::SocketMode) => self.sockets.carry(parcel, retry).await,
            Some(Delivery::Http { base_url }) => {
                let (body, content_type) = parcel.http_body();
                let url = format!("{base_url}{}", parcel.door.path());
                self.post_signed(&url, body.into_bytes(), content_type, retry).await
            }
        }
    }

    /// Posts `body` with a valid signature; any 2xx is an acknowledgement.
    pub(crate) async fn post_signed(
        &self,
        url: &str,
        body: Vec<u8>,
        content_type: &str,
        retry: Option<&Retry>,
    ) -> Attempt {
        let timestamp = micros_now() / 1_000_000;
        let mut request = self
            .http
            .post(url)
            .timeout(self.timing.ack_timeout)
            .header("content-type", content_type)
            .header("user-agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
            .header("x-slack-request-timestamp", timestamp)
            .header("x-slack-signature", signature::sign(&self.secret, timestamp, &body));
        if let Some(retry) = retry {
            request = request.header("x-slack-retry-num", retry.number).header("x-slack-retry-reason", &retry.reason);
        }
        match request.body(body).send().await {
            Ok(response) => read_answer(response).await,
            Err(error) if error.is_timeout() => Attempt::failed("http_timeout"),
            Err(_) => Attempt::failed("connection_failed"),
        }
    }

    /// Posts raw bytes to one of Deskbell's paths; `None` when no HTTP address is set.
    pub(crate) async fn post_raw(
        &self,
        path: &str,
        body: Vec<u8>,
        content_type: &str,
        retry: Option<Retry>,
    ) -> Option<Attempt> {
        let Some(Delivery::Http { base_url }) = self.delivery() else {
            return None;
        };
        let url = format!("{base_url}{path}");
        Some(self.post_signed(&url, body, content_type, retry.as_ref()).await)
    }

    /// Waits until the background deliveries have noticed the stop.
    pub(crate) async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn read_answer(response: reqwest::Response) -> Attempt {
    let status = response.status();
    let no_retry = response.headers().get("x-slack-no-retry").is_some_and(|value| value == "1");
    let error = (!status.is_success()).then(|| "http_error".to_owned());
    match response.bytes().await {
        Ok(body) => Attempt { status: Some(status.as_u16()), error, body: body.to_vec(), no_retry },
        Err(_) => Attempt::failed("http_timeout"),
    }
}
