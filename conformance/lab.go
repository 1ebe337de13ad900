package conformance

import "github.com/anysms/anysms/provider"

// Lab is one transport, such as HTTP, as seen from the vendor's side: it starts
// vendors that tell the suite what they received, reply as the suite says, and fail
// in the ways in which the transport can fail. The suite decides what is right; a lab
// knows nothing of outcomes. "Other transports" in the package documentation
// describes how to write one.
type Lab interface {
	// Name is the transport's name in reports: "HTTP".
	Name() string
	// Extension is the ending of its reply files: "http" for accepted.http.
	Extension() string
	// CheckReply reports what is wrong with a reply, which is a reply file without
	// its comment lines.
	CheckReply(reply []byte) error
	// Faults lists the ways to fail, each of which becomes a case. FaultRefused,
	// FaultClose and FaultHang must be among them.
	Faults() []Fault
	// Start starts a vendor, which calls respond for each complete request.
	Start(respond Respond) (Vendor, error)
}

// Respond returns the reply to a request. It may block, and is safe for concurrent
// use: a vendor that serves several requests on one connection calls it in a
// goroutine for each.
type Respond func(Request) Reply

// Vendor is a server of a [Lab] on loopback. Its methods are called concurrently.
type Vendor interface {
	// Address is what [Harness].Open is given.
	Address() string
	// Fail makes the vendor fail with the named fault from the next request on; ""
	// ends that.
	Fail(fault string) error
	// DropIdle closes the connections that wait for a request.
	DropIdle()
	// Connections returns how many connections were accepted so far, and how many
	// of them are open.
	Connections() (accepted, open int)
	// Incomplete returns how many requests began so far and did not, or not yet,
	// arrive completely.
	Incomplete() int
	// Close ends the vendor and whatever hangs.
	Close()
}

// Request is what a vendor received.
type Request struct {
	// Target is what is asked for, such as "POST /messages". Two requests with the
	// same target do the same thing.
	Target string
	// Decoded reports that To and Text are the recipient and the text as the vendor
	// understands them, "" if the request has none. Otherwise the suite looks for
	// those of a message among Values.
	Decoded  bool
	To, Text string
	// Values are all values in the request, decoded.
	Values []string
	// Print shows the request in reports. It has no credentials.
	Print string
	// Native is the lab's own form of the request, for cases of that lab alone.
	Native any
}

// Reply is what the vendor does with a request.
type Reply struct {
	// Sends reports that the request sends a message. The lab itself replies to any
	// other.
	Sends bool
	// Text is the reply, in the form of a reply file without comment lines.
	Text []byte
	// Native is a reply in the lab's own form, from cases of that lab alone; it is
	// sent instead of Text.
	Native any
}

// The faults that every lab has.
const (
	FaultRefused = "refused"          // connections are not accepted, and open ones are closed
	FaultClose   = "close-after-read" // a request is read, then the connection is closed
	FaultHang    = "hang-after-read"  // a request is read, and never gets a reply
)

// Fault is a way to fail. It is the case "fault." and its name; if the vendor stays
// silent, also the case "timeout." and its name.
type Fault struct {
	Name string
	// Codes are what a driver may report; none = the message is accepted.
	Codes []provider.Code
	// Silent faults end by the caller's deadline, or the driver's own timeout.
	Silent bool
	// Content faults are in what a reply says, not in how it arrives.
	Content bool
	Why     string
	Source  string // "" = package provider
	Fix     string // how to fix a driver that fails; "" = the suite's advice for such faults
}
