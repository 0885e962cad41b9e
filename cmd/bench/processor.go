package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// clockTick is the unit of processor time in /proc: USER_HZ is 100 on every architecture that Go supports.
const clockTick = time.Second / 100

func processorTime(nodes []*node) (all time.Duration) {
	for _, n := range nodes {
		if n.cmd != nil { // not a server of a test
			all += processorTimeOf(n.cmd.Process.Pid)
		}
	}
	return all
}

// processorTimeOf returns the user and system time that a process has used so far, or 0 if there is no /proc.
func processorTimeOf(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	return processorTimeIn(stat)
}

// processorTimeIn returns the sum of the fields 14 and 15 of proc_pid_stat(5), or 0 if they cannot be read.
func processorTimeIn(stat []byte) (all time.Duration) {
	const user, system = 14 - 3, 15 - 3 // counted from the third field, which follows the name in parentheses
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= system {
		return 0
	}
	for _, field := range [][]byte{fields[user], fields[system]} {
		ticks, _ := strconv.ParseInt(string(field), 10, 64)
		all += time.Duration(ticks) * clockTick
	}
	return all
}
