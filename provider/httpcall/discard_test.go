package httpcall_test

import (
	"io"
	"log"
)

// discardLog silences servers whose handshakes are meant to fail.
var discardLog = log.New(io.Discard, "", 0)
