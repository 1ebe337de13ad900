import anysms.driver.v1.DriverOuterClass.CloseRequest;
import anysms.driver.v1.DriverOuterClass.CloseResponse;
import anysms.driver.v1.DriverOuterClass.Code;
import anysms.driver.v1.DriverOuterClass.ConfigError;
import anysms.driver.v1.DriverOuterClass.DescribeRequest;
import anysms.driver.v1.DriverOuterClass.DescribeResponse;
import anysms.driver.v1.DriverOuterClass.Error;
import anysms.driver.v1.DriverOuterClass.Feature;
import anysms.driver.v1.DriverOuterClass.Message;
import anysms.driver.v1.DriverOuterClass.OpenRequest;
import anysms.driver.v1.DriverOuterClass.OpenResponse;
import anysms.driver.v1.DriverOuterClass.Receipt;
import anysms.driver.v1.DriverOuterClass.SendRequest;
import anysms.driver.v1.DriverOuterClass.SendResponse;
import anysms.driver.v1.DriverOuterClass.Setting;
import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import java.io.IOException;
import java.io.StringReader;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The driver: methods of driver.proto over the vendor's API, which examples/plugin-go/README.md describes. */
final class Acme implements Protocol.Driver {
    private static final Gson JSON = new Gson();

    /** The vendor's error codes. */
    private static final Map<String, Code> CODES = Map.of(
            "invalid_number", Code.CODE_INVALID_RECIPIENT,
            "invalid_text", Code.CODE_INVALID_MESSAGE,
            "blocked_number", Code.CODE_OPTED_OUT,
            "unknown_sender", Code.CODE_SENDER_REJECTED,
            "no_coverage", Code.CODE_NO_ROUTE,
            "too_many", Code.CODE_RATE_LIMITED,
            "bad_token", Code.CODE_UNAUTHENTICATED,
            "no_credit", Code.CODE_INSUFFICIENT_FUNDS);

    /** The meaning of a status without a documented body. */
    private static final Map<Integer, Code> BY_STATUS = Map.of(
            401, Code.CODE_UNAUTHENTICATED, 407, Code.CODE_UNAUTHENTICATED,
            402, Code.CODE_INSUFFICIENT_FUNDS, 429, Code.CODE_RATE_LIMITED,
            408, Code.CODE_INDETERMINATE, 409, Code.CODE_INDETERMINATE);

    private static final Set<Integer> NOT_PROCESSED = Set.of(
            307, 308, 403, 404, 405, 410, 411, 413, 414, 415, 421, 425, 431, 451, 501, 505);

    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

    private static final List<Setting> SETTINGS = List.of(
            Setting.newBuilder().setName("base_url").setType("string").setDoc("what precedes the paths in the vendor's documents").build(),
            Setting.newBuilder().setName("token").setType("secret").setSecret(true).setDoc("sent as a bearer token").build());

    private volatile URI url;
    private volatile String token;

    @Override
    public DescribeResponse describe(DescribeRequest request) {
        return DescribeResponse.newBuilder().setName("acme").setDoc("The vendor of the plugin examples, in Java.").addAllSettings(SETTINGS).build();
    }

    @Override
    public OpenResponse open(OpenRequest request) {
        ConfigError wrong = configure(request.getSettings().toStringUtf8());
        if (wrong != null) {
            return OpenResponse.newBuilder().setConfigError(wrong).build();
        }
        OpenResponse.Builder response = OpenResponse.newBuilder();
        response.getCapabilitiesBuilder().addFeatures(Feature.FEATURE_CHOOSE_SENDER);
        return response.build();
    }

    @Override
    public CloseResponse close(CloseRequest request) {
        return CloseResponse.getDefaultInstance();
    }

    /** Takes the settings, or returns what is wrong with them. */
    private ConfigError configure(String settings) {
        JsonObject given = object(settings.isEmpty() ? "{}" : settings);
        if (given == null) {
            return wrong("", "want a JSON object");
        }
        for (String name : given.keySet()) {
            if (SETTINGS.stream().noneMatch(setting -> setting.getName().equals(name))) {
                return wrong(name, "unknown key; want one of base_url, token");
            }
            if (string(given, name) == null) {
                return wrong(name, "want a string");
            }
        }
        token = string(given, "token");
        if (token == null || token.isEmpty()) {
            return wrong("token", "must not be empty");
        }
        try {
            url = new URI(given.has("base_url") ? string(given, "base_url").replaceAll("/+$", "") : "");
        } catch (URISyntaxException err) {
            return wrong("base_url", "want a URL such as https://api.example.com");
        }
        return checkUrl();
    }

    private ConfigError checkUrl() {
        if (url.getHost() == null) {
            return wrong("base_url", "want a URL such as https://api.example.com");
        }
        if (url.getRawUserInfo() != null || url.getRawQuery() != null || url.getRawFragment() != null) {
            return wrong("base_url", "must not have a user, a query or a fragment");
        }
        if (!"https".equals(url.getScheme()) && !("http".equals(url.getScheme()) && LOOPBACK.contains(url.getHost()))) {
            return wrong("base_url", "want https (http is allowed for loopback only)");
        }
        return null;
    }

    private static ConfigError wrong(String path, String reason) {
        return ConfigError.newBuilder().setPath(path).setReason(reason).build();
    }

    /** Makes one attempt and returns a receipt or an error. */
    @Override
    public SendResponse send(SendRequest request) {
        try {
            return SendResponse.newBuilder().setReceipt(send(request.getMessage())).build();
        } catch (Failure failure) {
            return SendResponse.newBuilder().setError(failure.error).build();
        } catch (RuntimeException err) {
            err.printStackTrace();
            return SendResponse.newBuilder().setError(new Failure(Code.CODE_INDETERMINATE, "the driver failed").error).build();
        }
    }

    private Receipt send(Message message) throws Failure {
        check(message);
        JsonObject fields = new JsonObject();
        add(fields, "to", message.getTo());
        add(fields, "from", message.getFrom());
        add(fields, "text", message.getText());
        add(fields, "reference", message.getRef());
        Map<String, String> headers = Map.of(
                "Authorization", "Bearer " + token, "Content-Type", "application/json", "Accept", "application/json");
        try (Attempt attempt = new Attempt()) {
            return judge(attempt.post(URI.create(url + "/messages"), headers, JSON.toJson(fields).getBytes(StandardCharsets.UTF_8)));
        }
    }

    private static void add(JsonObject fields, String name, String value) {
        if (!value.isEmpty()) {
            fields.addProperty(name, value);
        }
    }

    /** Refuses what Acme cannot send, without a request. */
    private static void check(Message message) throws Failure {
        if (message.getTo().isEmpty()) {
            throw new Failure(Code.CODE_INVALID_RECIPIENT, "the message has no recipient");
        }
        if (message.getText().isEmpty()) {
            throw new Failure(Code.CODE_INVALID_MESSAGE, "the text is empty");
        }
        for (String key : message.getExtraMap().keySet()) {
            if (key.startsWith("acme.")) {
                throw new Failure(Code.CODE_UNSUPPORTED, "unknown extra " + key + "; acme has none");
            }
        }
        if (message.hasSendAt() || message.hasValidity()) {
            throw new Failure(Code.CODE_UNSUPPORTED, "Acme supports neither send_at nor validity");
        }
    }

    /** A documented body decides, then the status. */
    private Receipt judge(Attempt.Response response) throws Failure {
        JsonObject body = response.body() == null ? null : object(response.body());
        int status = response.status();
        if (status >= 200 && status <= 299) {
            return receipt(response, body);
        }
        Error.Builder error = Error.newBuilder().setMessage("HTTP status " + status);
        long seconds = retryAfter(response);
        if (seconds > 0) {
            error.setRetryAfter(Duration.newBuilder().setSeconds(seconds));
        }
        JsonObject reason = body != null && body.get("error") instanceof JsonObject object ? object : new JsonObject();
        String code = string(reason, "code");
        if (code == null || !CODES.containsKey(code)) {
            throw new Failure(error.setCode(byStatus(status, response)).setMessage("HTTP status " + status + " without a documented body"));
        }
        String words = string(reason, "message");
        throw new Failure(error.setCode(CODES.get(code)).setVendorCode(code).setVendorMessage(scrub(words == null ? "" : words)));
    }

    private Receipt receipt(Attempt.Response response, JsonObject body) throws Failure {
        String id = body == null ? null : string(body, "id");
        if (id == null || id.isEmpty()) {
            throw new Failure(Code.CODE_INDETERMINATE, "HTTP status " + response.status() + " without an id");
        }
        if (body.has("error") && !body.get("error").isJsonNull()) {
            throw new Failure(Code.CODE_INDETERMINATE, "HTTP status " + response.status() + " with an id and an error");
        }
        return Receipt.newBuilder().setId(id).setSegments(segments(body.get("segments")))
                .setRaw(ByteString.copyFromUtf8(scrub(response.body()))).build();
    }

    /** The vendor's count; 0 if it is none. */
    private static int segments(JsonElement value) {
        String digits = value == null ? "" : value.toString();
        return digits.matches("[0-9]{1,2}") ? Integer.parseInt(digits) : 0;
    }

    private static Code byStatus(int status, Attempt.Response response) {
        if (BY_STATUS.containsKey(status)) {
            return BY_STATUS.get(status);
        }
        if (NOT_PROCESSED.contains(status) || status == 503 && response.header("Retry-After") != null) {
            return Code.CODE_UNAVAILABLE;
        }
        return status >= 400 && status <= 499 ? Code.CODE_REJECTED : Code.CODE_INDETERMINATE;
    }

    /** Seconds or a date (RFC 9110 §10.2.3); 0 = none. */
    private static long retryAfter(Attempt.Response response) {
        String value = response.header("Retry-After");
        if (value == null) {
            return 0;
        }
        if (value.matches("[0-9]{1,9}")) {
            return Long.parseLong(value);
        }
        try {
            String date = response.header("Date");
            Instant now = date == null ? Instant.now() : instant(date);
            return Math.max(0, instant(value).getEpochSecond() - now.getEpochSecond());
        } catch (DateTimeException err) {
            return 0;
        }
    }

    private static Instant instant(String date) {
        return DateTimeFormatter.RFC_1123_DATE_TIME.parse(date, Instant::from);
    }

    /** Removes the token from the vendor's words. */
    private String scrub(String text) {
        return text.replace(token, "[redacted]");
    }

    /** A JSON object, or null if the text is anything else. */
    private static JsonObject object(String text) {
        try {
            JsonReader reader = new JsonReader(new StringReader(text));
            JsonElement value = JSON.getAdapter(JsonElement.class).read(reader);
            return value instanceof JsonObject object && reader.peek() == JsonToken.END_DOCUMENT ? object : null;
        } catch (IOException | JsonParseException err) {
            return null;
        }
    }

    private static String string(JsonObject object, String name) {
        JsonElement value = object.get(name);
        return value != null && value.isJsonPrimitive() && value.getAsJsonPrimitive().isString() ? value.getAsString() : null;
    }
}
