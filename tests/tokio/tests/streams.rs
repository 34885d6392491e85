//! A timer around a whole stream, wherever that is polled and dropped.

use std::task::Poll;
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt as _, poll_fn};
use futures_util::{FutureExt as _, join};
use pynba::testing::{Captured, capture_async};
use pynba::{DetachedRequest, Handle, Reporter, current, monitor, timer};
use tokio::time::sleep;

const PAUSE: Duration = Duration::from_millis(10);

fn reporter() -> Reporter {
    Reporter::builder().server("127.0.0.1:9").build().unwrap()
}

/// Some parts, each of which takes its time.
fn parts(name: &'static str) -> impl Stream<Item = u32> + Send + Unpin {
    let next = move |part| async move {
        let _timer = timer!(part, of = name);
        sleep(PAUSE).await;
        (part < 3).then_some((part, part + 1))
    };
    stream::unfold(0, next).boxed()
}

/// The only request that `work` leaves when it runs in one.
async fn measured(work: impl Future) -> Captured {
    let work = reporter().monitor("/test", work.map(drop));
    let [request] = capture_async(work).await.try_into().expect("one packet");
    assert_eq!(request.status, Some(200));
    request
}

/// The value of the timer of this group, of which there is one.
fn value(request: &Captured, group: &str) -> f32 {
    let is_it = |timer: &&_| {
        let timer: &pynba::testing::CapturedTimer = timer;
        timer.tags.iter().any(|(name, value)| name == "group" && value == group)
    };
    let timers = request.timers();
    let mut found = timers.iter().filter(is_it);
    let value = found.next().unwrap_or_else(|| panic!("no {group} in {timers:?}")).value;
    assert!(found.next().is_none(), "{timers:?}");
    value
}

fn seconds(parts: u32) -> f32 {
    (PAUSE * parts).as_secs_f32()
}

#[tokio::test]
async fn a_timer_around_the_loop_is_that_of_the_whole_stream() {
    let request = measured(async {
        let timer = timer!(group = "stream");
        assert_eq!(parts("a").count().await, 3);
        drop(timer);
        sleep(5 * PAUSE).await;
    })
    .await;
    let value = value(&request, "stream");
    assert!(value >= seconds(4) && value + seconds(5) <= request.request_time, "{request:?}");
    assert_eq!(request.timers().len(), 1 + 4);
}

#[tokio::test]
async fn a_timer_of_a_collected_stream() {
    let request = measured(async {
        let all = timer!(group = "stream" => parts("a").collect::<Vec<_>>().await);
        assert_eq!(all, [0, 1, 2]);
    })
    .await;
    assert!(value(&request, "stream") >= seconds(4));
}

/// The stream keeps its timer, which ends with it.
fn timed<S: Stream + Unpin>(stream: S) -> impl Stream<Item = S::Item> + Unpin {
    let timer = timer!(group = "stream");
    stream.inspect(move |_| _ = timer.elapsed())
}

#[tokio::test]
async fn a_stream_may_keep_its_timer() {
    let request = measured(async {
        assert_eq!(timed(parts("a")).count().await, 3);
        sleep(5 * PAUSE).await;
    })
    .await;
    let value = value(&request, "stream");
    assert!(value >= seconds(4) && value + seconds(5) <= request.request_time, "{request:?}");
}

#[tokio::test]
async fn a_stream_that_is_given_up_ends_its_timer() {
    let request = measured(async {
        let mut stream = timed(parts("a"));
        assert_eq!(stream.next().await, Some(0));
        drop(stream);
        sleep(5 * PAUSE).await;
    })
    .await;
    let value = value(&request, "stream");
    assert!(value >= seconds(1) && value + seconds(5) <= request.request_time, "{request:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_may_end_in_another_task() {
    let request = measured(async {
        let stream = timed(parts("a"));
        // It knows nothing of the request, and neither do the timers that are made there.
        let all = tokio::spawn(stream.collect::<Vec<_>>()).await.unwrap();
        assert_eq!(all, [0, 1, 2]);
        sleep(5 * PAUSE).await;
    })
    .await;
    let value = value(&request, "stream");
    assert!(value >= seconds(4) && value + seconds(5) <= request.request_time, "{request:?}");
    assert_eq!(request.timers().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_tasks_measures_for_the_request() {
    let request = measured(async {
        let handle = current().handle().unwrap();
        let task = |n: u32| {
            let _timer = timer!(group = "begin", n);
            tokio::spawn(handle.instrument(async move {
                let _timer = timer!(group = "task", n);
                sleep(PAUSE).await;
                n
            }))
        };
        let tasks = stream::iter(0..20).map(task).buffer_unordered(5);
        let all = timer!(group = "stream" => tasks.map(Result::unwrap).collect::<Vec<_>>().await);
        assert_eq!(all.len(), 20);
    })
    .await;
    assert_eq!(request.timers().len(), 41);
    assert!(value(&request, "stream") >= seconds(4));
}

#[tokio::test]
async fn a_stream_that_outlives_its_request_was_stopped_there() {
    let mut kept = None;
    let request = measured(async { kept = Some(timed(parts("a"))) }).await;
    assert!(value(&request, "stream") < seconds(1));
    let next = measured(async {
        let _timer = timer!(group = "next");
        assert_eq!(kept.take().unwrap().count().await, 3);
    })
    .await;
    assert_eq!(next.timers().len(), 1 + 4, "{next:?}");
}

#[tokio::test]
async fn streams_of_two_requests_at_once_keep_apart() {
    #[monitor(script_name = name)]
    async fn handler(name: &'static str) -> usize {
        timed(parts(name)).count().await
    }
    let both = async { assert_eq!(join!(handler("a"), handler("b")), (3, 3)) };
    let requests = capture_async(both).await;
    assert_eq!(requests.len(), 2);
    for request in requests {
        let timers = request.timers();
        let own =
            timers.iter().filter(|it| it.tags[0] == ("of".into(), request.script_name.clone()));
        assert_eq!((own.count(), timers.len()), (4, 5), "{request:?}");
    }
}

/// As the body of a response does: the stream is the request.
fn as_request<S: Stream + Unpin>(
    request: DetachedRequest,
    mut stream: S,
) -> impl Stream<Item = S::Item> + Unpin {
    let mut request = Some(request);
    poll_fn(move |context| {
        let Some(open) = &mut request else { return Poll::Ready(None) };
        let part = {
            let _entered = open.enter();
            stream.poll_next_unpin(context)
        };
        if matches!(part, Poll::Ready(None))
            && let Some(request) = request.take()
        {
            request.finish();
        }
        part
    })
}

#[tokio::test]
async fn a_stream_may_be_the_request() {
    let reporter = reporter();
    let requests = capture_async(async {
        assert_eq!(as_request(reporter.detached("/whole"), parts("a")).count().await, 3);
        let mut half = as_request(reporter.detached("/half"), parts("b"));
        assert_eq!(half.next().await, Some(0));
    })
    .await;
    let [whole, half] = requests.try_into().unwrap();
    assert_eq!((whole.timers().len(), whole.status), (4, Some(200)));
    assert!(whole.request_time >= seconds(4), "{whole:?}");
    assert_eq!((half.timers().len(), half.status), (1, Some(499)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_measures_through_a_handle_wherever_it_is_polled() {
    fn joined<S: Stream + Unpin>(handle: Handle, mut stream: S) -> impl Stream<Item = S::Item> {
        poll_fn(move |context| handle.run(|| stream.poll_next_unpin(context)))
    }
    let request = measured(async {
        let stream = joined(current().handle().unwrap(), parts("a")).collect::<Vec<_>>();
        assert_eq!(tokio::spawn(stream).await.unwrap(), [0, 1, 2]);
    })
    .await;
    assert_eq!(request.timers().len(), 4);
}
