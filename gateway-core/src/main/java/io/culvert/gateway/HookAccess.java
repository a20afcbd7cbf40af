package io.culvert.gateway;

import io.culvert.flow.FlowKey;
import io.culvert.gateway.plugin.Plugins;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;

/**
 * How one worker asks plugins about flows.
 *
 * @param undecided the worker of each flow that is being asked about, which all workers share
 * @param loop has something done on the worker's thread
 * @param later has something done there when so long has gone by that whoever waits for another
 *     plugin's answer should wait no more: milliseconds
 */
record HookAccess(Plugins plugins, Map<FlowKey, Integer> undecided, Executor loop, Executor later) {
    /** Of a worker on its own, without any plugin. */
    static HookAccess none() {
        return new HookAccess(
                new Plugins(), new ConcurrentHashMap<>(), Runnable::run, Runnable::run);
    }
}
