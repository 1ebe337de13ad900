import anysms.driver.v1.DriverOuterClass.Cause;
import anysms.driver.v1.DriverOuterClass.Code;
import io.grpc.Context;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.apache.http.HttpException;
import org.apache.http.HttpResponse;
import org.apache.http.config.MessageConstraints;
import org.apache.http.entity.ByteArrayEntity;
import org.apache.http.impl.DefaultBHttpClientConnection;
import org.apache.http.message.BasicHttpEntityEnclosingRequest;

/**
 * One request with its timeouts. It knows whether anything of it can have been sent, which neither
 * HttpURLConnection nor java.net.http.HttpClient tells: the first even repeats a POST by itself.
 */
final class Attempt implements AutoCloseable {
    private static final int MAX_RESPONSE = 1 << 20;
    private static final int BUFFER = 8 << 10;
    private static final long CONNECT_TIMEOUT = 3_000; // milliseconds
    private static final long TIMEOUT = 30_000;
    private static final MessageConstraints HEADERS = MessageConstraints.custom().setMaxLineLength(64 << 10).setMaxHeaderCount(500).build();
    private static final ScheduledExecutorService CLOCK = Executors.newSingleThreadScheduledExecutor(run -> {
        Thread thread = new Thread(run, "timeouts");
        thread.setDaemon(true);
        return thread;
    });

    /** A response whose body is null if it could not be read. */
    record Response(int status, HttpResponse head, String body) {
        String header(String name) {
            return head.containsHeader(name) ? head.getFirstHeader(name).getValue() : null;
        }
    }

    private final List<Future<?>> timers = new ArrayList<>();
    private final Context.CancellationListener cancelled = context -> end("the call was cancelled", Cause.CAUSE_CANCELLED);
    private final long connectLimit;
    private boolean connected; // from here on something may have been written
    private Failure ended; // null = it goes on
    private Socket socket;

    Attempt() {
        long limit = Protocol.milliseconds("anysms-timeout", 2 * TIMEOUT);
        connectLimit = Math.min(CONNECT_TIMEOUT, Protocol.milliseconds("anysms-connect-timeout", CONNECT_TIMEOUT));
        after(connectLimit, () -> {
            if (!isConnected()) {
                end("no connection within the connect timeout", Cause.CAUSE_UNSPECIFIED);
            }
        });
        after(TIMEOUT, () -> end("no response within the timeout", Cause.CAUSE_TIMEOUT));
        after(limit, () -> end("the caller's deadline passed", Cause.CAUSE_DEADLINE_EXCEEDED));
        Context.current().addListener(cancelled, CLOCK);
    }

    private void after(long milliseconds, Runnable run) {
        timers.add(CLOCK.schedule(run, milliseconds, TimeUnit.MILLISECONDS));
    }

    private synchronized boolean isConnected() {
        return connected;
    }

    /** Ends the attempt by closing its socket, which wakes whoever reads or writes. */
    private synchronized void end(String why, Cause cause) {
        if (ended != null) {
            return;
        }
        ended = failure(why, cause);
        close(socket);
    }

    private static void close(Socket socket) {
        try {
            if (socket != null) {
                socket.close();
            }
        } catch (IOException err) {
            // nothing is written to it any more
        }
    }

    /** By whether anything can have been written until now. */
    private Failure failure(String why, Cause cause) {
        Code code = connected ? Code.CODE_INDETERMINATE : Code.CODE_UNAVAILABLE;
        return cause == Cause.CAUSE_UNSPECIFIED ? new Failure(code, why) : new Failure(code, why, cause);
    }

    private synchronized Failure failed(Exception err) {
        return ended != null ? ended : failure(err.getClass().getSimpleName(), Cause.CAUSE_UNSPECIFIED);
    }

    @Override
    public void close() {
        timers.forEach(timer -> timer.cancel(false));
        Context.current().removeListener(cancelled);
        synchronized (this) {
            close(socket);
        }
    }

    /** Makes the request and returns the response, whatever its status. */
    Response post(URI url, Map<String, String> headers, byte[] body) throws Failure {
        BasicHttpEntityEnclosingRequest request = new BasicHttpEntityEnclosingRequest("POST", url.getRawPath());
        request.addHeader("Host", url.getRawAuthority());
        request.addHeader("Content-Length", Integer.toString(body.length));
        headers.forEach(request::addHeader);
        request.setEntity(new ByteArrayEntity(body));
        try {
            DefaultBHttpClientConnection connection = new DefaultBHttpClientConnection(
                    BUFFER, StandardCharsets.ISO_8859_1.newDecoder(), StandardCharsets.ISO_8859_1.newEncoder(), HEADERS);
            connection.bind(connect(url));
            connection.sendRequestHeader(request);
            connection.sendRequestEntity(request);
            connection.flush();
            HttpResponse head;
            do {
                head = connection.receiveResponseHeader();
            } while (isInformational(head.getStatusLine().getStatusCode()));
            return new Response(head.getStatusLine().getStatusCode(), head, read(connection, head));
        } catch (IOException | HttpException err) {
            throw failed(err);
        }
    }

    private static boolean isInformational(int status) {
        return status >= 100 && status <= 199 && status != 101;
    }

    /** Opens a new connection for each request: a kept one may be dead, which would make the outcome unknown. */
    private Socket connect(URI url) throws IOException {
        boolean secure = url.getScheme().equals("https");
        String host = url.getHost().replaceAll("[\\[\\]]", "");
        int port = url.getPort() >= 0 ? url.getPort() : secure ? 443 : 80;
        Socket plain = new Socket();
        use(plain);
        plain.setTcpNoDelay(true);
        plain.connect(new InetSocketAddress(host, port), (int) connectLimit);
        Socket ready = secure ? secured(plain, host, port) : plain;
        synchronized (this) {
            if (ended != null) {
                throw new IOException(ended);
            }
            connected = true;
        }
        return ready;
    }

    private Socket secured(Socket plain, String host, int port) throws IOException {
        SSLSocket secured = (SSLSocket) ((SSLSocketFactory) SSLSocketFactory.getDefault()).createSocket(plain, host, port, true);
        SSLParameters parameters = secured.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        secured.setSSLParameters(parameters);
        secured.startHandshake();
        return secured;
    }

    private synchronized void use(Socket opened) throws IOException {
        if (ended != null) {
            throw new IOException(ended);
        }
        socket = opened;
    }

    /** The body's text, or null if it could not be read. */
    private static String read(DefaultBHttpClientConnection connection, HttpResponse head) {
        try {
            connection.receiveResponseEntity(head);
            byte[] raw = limited(head.getEntity().getContent());
            if (head.containsHeader("Content-Encoding") && head.getFirstHeader("Content-Encoding").getValue().equalsIgnoreCase("gzip")) {
                raw = limited(new GZIPInputStream(new ByteArrayInputStream(raw)));
            }
            String text = new String(raw, StandardCharsets.UTF_8);
            return text.startsWith("\ufeff") ? text.substring(1) : text;
        } catch (IOException | HttpException err) {
            return null;
        }
    }

    private static byte[] limited(InputStream from) throws IOException {
        byte[] raw = from.readNBytes(MAX_RESPONSE + 1);
        if (raw.length > MAX_RESPONSE) {
            throw new IOException("the response is too large");
        }
        return raw;
    }
}
