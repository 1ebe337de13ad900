// Mutants plants small faults in a package, one at a time, and prints those that its
// tests do not find. The faults are those that gremlins lists, and negations that are
// lost. Run it through .ci/mutants.sh.
//
// Gremlins builds and runs a package's tests once per fault, which takes a day for this
// repository. Here nearly all faults of a package are built into one test binary, which
// an environment variable switches on one by one. Every test is run alone first, without
// a fault: that shows which faults it reaches and how long it takes. Then each fault is
// tried against the tests that reach it, those that found its neighbours and then quick
// ones first, until one fails. A fault in a constant, or in code that does not compile with
// the switch, gets its own binary.
package main

import (
	"bufio"
	"cmp"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("mutants: ")
	listed := flag.String("list", "", "the `file` that gremlins printed")
	known := flag.String("known", "", "the `file` of faults that change nothing")
	sample := flag.Int("sample", 150, "plant at most `n` faults of a target, drawn at random; 0 plants all")
	seed := flag.Uint64("seed", 14, "`seed` of the sample")
	workers := flag.Int("workers", 2, "`faults` that are tried at the same time")
	budget := flag.Duration("budget", time.Minute, "leave a fault as not found after tests that take this `long` without it")
	again := flag.String("again", "", "plant those faults alone that the output of an earlier run, in this `file`, says were not found")
	only := flag.String("run", "", "try the tests alone whose names match `regexp`")
	verbose := flag.Bool("v", false, "print what finds each fault")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), `Usage: mutants [flags] TARGET...

A TARGET is a package such as router/rates, or files of one such as router/hold.go,router/order.go.
After a + come further packages whose tests count: router/ledger+router/ledger/sqlite.

`)
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	all, err := readListed(*listed)
	if err != nil {
		log.Fatal(err)
	}
	same, err := readKnown(*known)
	if err != nil {
		log.Fatal(err)
	}
	missed, err := readMissed(*again)
	if err != nil {
		log.Fatal(err)
	}
	failed := false
	for _, name := range flag.Args() {
		t, err := newTarget(name)
		if err != nil {
			log.Fatal(err)
		}
		r := run{
			target: t, listed: all, same: same, missed: missed, sample: *sample, seed: *seed,
			workers: *workers, budget: *budget, tests: *only, verbose: *verbose,
		}
		ok, err := r.do()
		if err != nil {
			log.Fatalf("%s: %v", name, err)
		}
		failed = failed || !ok
	}
	if failed {
		os.Exit(1)
	}
}

// run is one target's.
type run struct {
	target  *target
	listed  map[place]bool
	same    map[string]bool // what changes nothing
	missed  map[string]bool // what an earlier run missed; nil = there was none
	sample  int
	seed    uint64
	workers int
	budget  time.Duration
	tests   string // a pattern of their names
	verbose bool
}

// do plants the faults and prints what was found. It reports whether that is enough.
func (r *run) do() (bool, error) {
	start := time.Now()
	plan, err := r.target.load(r.listed)
	if err != nil {
		return false, err
	}
	same := 0
	drawn := slices.DeleteFunc(slices.Clone(plan.faults), func(f *fault) bool {
		if r.same[f.key()] {
			same++
			return true
		}
		return r.missed != nil && !r.missed[f.key()]
	})
	total := len(drawn)
	if r.sample > 0 && total > r.sample {
		random := rand.New(rand.NewPCG(r.seed, r.seed))
		random.Shuffle(total, func(i, j int) { drawn[i], drawn[j] = drawn[j], drawn[i] })
		drawn = drawn[:r.sample]
		slices.SortFunc(drawn, func(a, b *fault) int { return cmp.Compare(a.id, b.id) })
	}
	fmt.Printf("%s: %d faults of %d (seed %d)\n", r.target.name, len(drawn), total, r.seed)

	lab, err := newLab(plan, drawn, r.budget, r.tests)
	if err != nil {
		return false, err
	}
	defer lab.close()
	if err := lab.measure(r.workers); err != nil {
		return false, err
	}
	var mu sync.Mutex
	found, void := 0, 0
	todo := make(chan *fault)
	var group sync.WaitGroup
	for range r.workers {
		group.Go(func() {
			for f := range todo {
				verdict, why := lab.try(f)
				mu.Lock()
				switch verdict {
				case caught:
					found++
					if r.verbose {
						fmt.Printf("  found: %s: %s\n", f, why)
					}
				case invalid:
					void++
				case missed:
					fmt.Printf("  not found: %s (%s)\n", f, why)
				}
				mu.Unlock()
			}
		})
	}
	for _, f := range drawn {
		todo <- f
	}
	close(todo)
	group.Wait()

	planted := len(drawn) - void
	fmt.Printf("  %d of %d found; %d that change nothing; %s\n", found, planted, same, time.Since(start).Round(time.Second))
	return found > 0 && found*100 >= planted*95, nil
}

// readListed reads lines such as "RUNNABLE CONDITIONALS_NEGATION at router/try.go:12:7".
func readListed(name string) (map[place]bool, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	listed := make(map[place]bool)
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) == 4 && words[2] == "at" {
			listed[place{words[1], words[3]}] = true
		}
	}
	if len(listed) == 0 {
		return nil, fmt.Errorf("%s lists no fault", name)
	}
	return listed, lines.Err()
}

// readKnown reads the lines of mutants.txt.
func readKnown(name string) (map[string]bool, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	known := make(map[string]bool)
	for line := range strings.Lines(string(text)) {
		known[strings.TrimSuffix(line, "\n")] = true
	}
	return known, nil
}

// readMissed reads the lines of an earlier run such as
// "  not found: INVERT_LOGICAL at router/hold.go:12:7: if a && b { (3 tests reach it)",
// and returns the keys of the faults. Their lines may have moved since.
func readMissed(name string) (map[string]bool, error) {
	if name == "" {
		return nil, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	missed := make(map[string]bool)
	line := regexp.MustCompile(`(?m)^  not found: (\w+) at (\S+):\d+:(\d+): (.*) \([^()]*\)$`)
	for _, m := range line.FindAllStringSubmatch(string(text), -1) {
		missed[fmt.Sprintf("%s %s %s: %s", m[2], m[1], m[3], m[4])] = true
	}
	return missed, nil
}
