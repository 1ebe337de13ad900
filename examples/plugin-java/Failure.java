import anysms.driver.v1.DriverOuterClass.Cause;
import anysms.driver.v1.DriverOuterClass.Code;
import anysms.driver.v1.DriverOuterClass.Error;

/** An Error of the protocol. */
final class Failure extends Exception {
    final Error error;

    Failure(Error.Builder error) {
        super(error.getMessage());
        this.error = error.build();
    }

    Failure(Code code, String message) {
        this(Error.newBuilder().setCode(code).setMessage(message));
    }

    Failure(Code code, String message, Cause cause) {
        this(Error.newBuilder().setCode(code).setMessage(message).addCauses(cause));
    }
}
