package gate_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/provider/gate"
)

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestGate(t *testing.T) {
	var g gate.Gate
	assert.True(t, g.Enter())
	assert.True(t, g.Enter())
	g.Leave()
	empty := g.Close()
	assert.False(t, isClosed(empty), "one call is inside")
	assert.False(t, g.Enter(), "closed")
	assert.Equal(t, empty, g.Close(), "closing again changes nothing")
	g.Leave()
	assert.True(t, isClosed(empty))
	assert.False(t, g.Enter())
	assert.True(t, isClosed(g.Close()))
}

func TestEmptyGateClosesAtOnce(t *testing.T) {
	var g gate.Gate
	assert.True(t, isClosed(g.Close()))
}

func TestAgainKeepsAClosedGateBusy(t *testing.T) {
	var g gate.Gate
	assert.True(t, g.Enter())
	empty := g.Close()
	g.Add()
	g.Leave()
	assert.False(t, isClosed(empty), "something was left behind")
	assert.False(t, g.Enter())
	g.Leave()
	assert.True(t, isClosed(empty))
}

func TestNobodyIsInsideAfterClose(t *testing.T) {
	var g gate.Gate
	var inside atomic.Int64
	var all sync.WaitGroup
	started := make(chan struct{})
	for range 8 {
		all.Go(func() {
			<-started
			for g.Enter() {
				inside.Add(1)
				inside.Add(-1)
				g.Leave()
			}
		})
	}
	close(started)
	<-g.Close()
	assert.Zero(t, inside.Load())
	all.Wait()
}

func ExampleGate() {
	var g gate.Gate
	call := func() error {
		if !g.Enter() {
			return fmt.Errorf("closed")
		}
		defer g.Leave()
		return nil // the work
	}
	fmt.Println(call())
	<-g.Close() // waits for calls under way
	fmt.Println(call())
	// Output:
	// <nil>
	// closed
}

func BenchmarkGate(b *testing.B) {
	var g gate.Gate
	for b.Loop() {
		g.Enter()
		g.Leave()
	}
}
