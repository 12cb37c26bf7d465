//! What the stack of the way out costs: CPU time of a call through it, and of the same request by a bare HTTP client.
//! Both run in this process, on one thread whose CPU time alone is read; the service is on another.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::future::BoxFuture;
use http::Method;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use model::{HumanDuration, Name, ScopeId};
use outbound::{Credentials, EgressRules, Error, Meta, Options as Set, Outbound, RateLimit, Reach, Request, Signable};
use tokio::net::TcpStream;

use super::Options;
use crate::echo::Echo;
use crate::report::{Fact, Report};

/// Calls before any are counted.
const WARM: usize = 2_000;
/// Calls of a round.
const CALLS: usize = 2_000;
/// Rounds of all three, one after the other, so that what else the machine does meets all of them.
const ROUNDS: usize = 15;
/// Most that the stack may add to a call.
const GOAL_MICROS: f64 = 30.0;

/// An account that shows a token, and has a limit that is never met.
struct Account;

impl Credentials for Account {
    fn reach<'a>(&'a self, _: ScopeId, _: &'a Name) -> BoxFuture<'a, Result<Arc<Reach>, Error>> {
        let limit = Some(RateLimit { calls: 1_000_000, per: HumanDuration(Duration::from_secs(1)) });
        let hosts = "127.0.0.1".parse().into_iter().collect();
        Box::pin(std::future::ready(Ok(Arc::new(Reach { hosts, private: true, limit, ..Reach::default() }))))
    }

    fn sign<'a>(&'a self, _: ScopeId, _: &'a Name, request: Signable<'a>) -> BoxFuture<'a, Result<(), Error>> {
        request.headers.insert(http::header::AUTHORIZATION, http::HeaderValue::from_static("Bearer token"));
        Box::pin(std::future::ready(Ok(())))
    }
}

pub fn run(_: &Options, report: &mut Report) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // It has a runtime of its own, which cannot be begun inside of another one.
    let echo = Echo::start()?;
    runtime.block_on(measure(&echo, report))
}

async fn measure(echo: &Echo, report: &mut Report) -> Result<()> {
    let bare = Bare::connect(echo).await?;
    let out = Outbound::new(Set { egress: EgressRules::private(), ..Set::default() }, Arc::new(Account))?;
    let url: url::Url = format!("http://{}/", echo.address).parse()?;
    let plain = Meta::new(ScopeId(1));
    let mut with_account = plain.clone();
    with_account.connection = Some("account".parse()?);
    with_account.flow = Some("workflow".into());
    let through = async |meta: &Meta| {
        let answer = out.send(Request::new(Method::GET, url.clone()), meta.clone()).await?;
        ensure!(answer.status == 200, "the service answered {}", answer.status);
        drop(answer.bytes(1 << 20).await?);
        Ok(())
    };
    let mut rounds = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        let calls = if round == 0 { WARM } else { CALLS };
        let [alone, stack, limited] = [
            each(calls, async || bare.call().await).await?,
            each(calls, async || through(&plain).await).await?,
            each(calls, async || through(&with_account).await).await?,
        ];
        if round > 0 {
            for (all, micros) in rounds.iter_mut().zip([alone, stack - alone, limited - alone]) {
                all.push(micros);
            }
        }
    }
    let [alone, stack, limited] = rounds.map(median);
    report.fact(fact("a call by a bare client", alone, None));
    report.fact(fact("the stack, for a call", stack, Some(GOAL_MICROS)));
    report.fact(fact("the stack, for a call with an account and a limit", limited, Some(GOAL_MICROS)));
    Ok(())
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn fact(what: &str, value: f64, goal: Option<f64>) -> Fact {
    Fact { what: format!("CPU time of {what}"), store: String::new(), value, unit: "µs", goal }
}

/// The same requests over one stream, without anything of ours.
struct Bare {
    host: String,
    sender: tokio::sync::Mutex<hyper::client::conn::http1::SendRequest<Empty<Bytes>>>,
}

impl Bare {
    async fn connect(echo: &Echo) -> Result<Bare> {
        let stream = TcpStream::connect(echo.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Bare { host: echo.address.to_string(), sender: tokio::sync::Mutex::new(sender) })
    }

    async fn call(&self) -> Result<()> {
        let request = http::Request::get("/").header(http::header::HOST, &self.host).body(Empty::<Bytes>::new())?;
        let mut sender = self.sender.lock().await;
        sender.ready().await?;
        let answer = sender.send_request(request).await?;
        ensure!(answer.status() == 200, "the service answered {}", answer.status());
        drop(answer.into_body().collect().await?);
        Ok(())
    }
}

/// CPU time of one call in microseconds, over many, one after the other.
async fn each(calls: usize, call: impl AsyncFn() -> Result<()>) -> Result<f64> {
    let before = cpu()?;
    for _ in 0..calls {
        call().await?;
    }
    Ok((cpu()? - before).as_secs_f64() * 1e6 / calls as f64)
}

/// CPU time of this thread.
fn cpu() -> Result<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = text.split_whitespace().next().and_then(|text| text.parse().ok());
    nanos.map(Duration::from_nanos).context("the kernel counts no CPU time of threads")
}
