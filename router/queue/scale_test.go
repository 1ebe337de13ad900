package queue_test

import "fmt"

// outage is a simulation of a queue whose vendors are out for a while, in steps of a
// second.
type outage struct {
	arrivals int // messages a second
	codes    int // how many of them are one-time codes
	capacity int // messages that the workers send in a second
	begins   int // second at which the vendors go out
	lasts    int // seconds
	giveUp   int // seconds after which a code is given up
	bytes    int // of a message in the queue
}

// simulate returns the longest queue, how many codes are given up, and how long after the
// outage the queue is empty. Codes go first, as they have workers of their own.
func (o outage) simulate() (most, givenUp, recovery int) {
	var codes []int // queued in each second
	others := 0
	for second := 0; ; second++ {
		codes = append(codes, o.codes)
		others += o.arrivals - o.codes
		if old := second - o.giveUp; old >= 0 {
			givenUp += codes[old]
			codes[old] = 0
		}
		if second < o.begins || second >= o.begins+o.lasts {
			left := o.capacity
			for i := max(0, second-o.giveUp); i <= second; i++ {
				n := min(codes[i], left)
				codes[i], left = codes[i]-n, left-n
			}
			others -= min(others, left)
		}
		waiting := others
		for _, n := range codes[max(0, second-o.giveUp):] {
			waiting += n
		}
		most = max(most, waiting)
		if second > o.begins+o.lasts && waiting == 0 {
			return most, givenUp, second - o.begins - o.lasts
		}
	}
}

// Example_outage is the simulation of docs/scale.md: all vendors are out for an hour while
// 2,000 messages a second arrive, one in twenty of them a code.
func Example_outage() {
	for _, capacity := range []int{2500, 3000, 4000} {
		o := outage{arrivals: 2000, codes: 100, capacity: capacity, begins: 600, lasts: 3600, giveUp: 300, bytes: 1000}
		most, givenUp, recovery := o.simulate()
		fmt.Printf("%d/s: at most %.1f million queued (%.1f GB), %d codes given up, empty %d minutes after\n",
			capacity, float64(most)/1e6, float64(most)*float64(o.bytes)/1e9, givenUp, recovery/60)
	}
	// Output:
	// 2500/s: at most 6.9 million queued (6.9 GB), 330100 codes given up, empty 228 minutes after
	// 3000/s: at most 6.9 million queued (6.9 GB), 330100 codes given up, empty 114 minutes after
	// 4000/s: at most 6.9 million queued (6.9 GB), 330100 codes given up, empty 57 minutes after
}
