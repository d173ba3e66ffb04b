//! The server: sockets, the thread that serves them, and its shutdown.

use std::convert::Infallible;
use std::os::unix::net::UnixListener as StdUnixListener;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::reply::Reply;
use super::request::Request;

type Handler = Arc<dyn Fn(Request) -> Reply + Send + Sync>;

/// A server that runs until it is dropped, which closes every connection.
pub struct HttpServer {
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
    port: u16,
}

impl HttpServer {
    /// Listens on a free port of 127.0.0.1.
    pub fn on_loopback(handler: impl Fn(Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::bind("127.0.0.1:0", handler)
    }

    /// Listens on this address, such as one of the test's private network.
    pub fn bind(address: &str, handler: impl Fn(Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = std::net::TcpListener::bind(address).expect("a free port");
        listener.set_nonblocking(true).expect("a socket that does not block");
        let port = listener.local_addr().expect("a bound socket").port();
        let serve = move || Listener::Tcp(TcpListener::from_std(listener).expect("a runtime"));
        Self::start(port, serve, Arc::new(handler))
    }

    /// Listens on a Unix socket that does not exist yet.
    pub fn on_socket(path: &Path, handler: impl Fn(Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = StdUnixListener::bind(path).expect("a free socket path");
        listener.set_nonblocking(true).expect("a socket that does not block");
        let serve = move || Listener::Unix(UnixListener::from_std(listener).expect("a runtime"));
        Self::start(0, serve, Arc::new(handler))
    }

    /// The TCP port; 0 for a Unix socket.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn start(port: u16, listen: impl FnOnce() -> Listener + Send + 'static, handler: Handler) -> Self {
        let (stop, stopped) = oneshot::channel();
        let serve = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move { accept_until(stopped, listen(), handler).await });
        };
        let thread = thread::Builder::new().name("scripted server".into()).spawn(serve);
        Self { stop: Some(stop), thread: Some(thread.expect("a thread")), port }
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().expect("joined only here").join();
        if let Err(panic) = ended
            && !thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Listener {
    async fn accept(&self) -> std::io::Result<Socket> {
        match self {
            Self::Tcp(listener) => listener.accept().await.map(|(stream, _)| Socket::Tcp(stream)),
            Self::Unix(listener) => listener.accept().await.map(|(stream, _)| Socket::Unix(stream)),
        }
    }
}

/// Accepts connections until the sender of `stopped` is dropped; nothing is ever sent.
async fn accept_until(mut stopped: oneshot::Receiver<Infallible>, listener: Listener, handler: Handler) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // Polled first, so that a stop at the same time does not hide a panic.
            biased;
            Some(ended) = connections.join_next() => {
                if let Err(failure) = ended {
                    std::panic::resume_unwind(failure.into_panic());
                }
            }
            _ = &mut stopped => return,
            accepted = listener.accept() => match accepted.expect("an open listener") {
                Socket::Tcp(stream) => {
                    stream.set_nodelay(true).expect("an open stream");
                    connections.spawn(serve(stream, handler.clone(), reset_tcp));
                }
                Socket::Unix(stream) => {
                    connections.spawn(serve(stream, handler.clone(), |_| ()));
                }
            },
        }
    }
}

/// Makes the close of the socket send a reset.
fn reset_tcp(stream: &TcpStream) {
    // There is nothing to reset if the peer has already closed the connection.
    let _ = stream.set_zero_linger();
}

/// Serves one connection to its end. An error means a scripted cut or a client that disconnected.
async fn serve<S>(stream: S, handler: Handler, reset: fn(&S))
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let answer = service_fn(move |incoming| {
        let handler = handler.clone();
        async move {
            let request = Request::read(incoming).await?;
            handler(request).into_response().await
        }
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
    if Pin::new(&mut connection).await.is_err() {
        reset(connection.into_parts().io.inner());
    }
}
