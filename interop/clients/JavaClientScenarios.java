import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

/**
 * Apache's Java client over a proxy that breaks its connection when asked to:
 * JavaClientScenarios PROXY DIRECT, both as host:port. Prints "break" when the proxy is to cut.
 */
public final class JavaClientScenarios {
  private static final int WAIT_SECONDS = 15;
  private static final int TIMEOUT_MS = 10_000;

  /** Collects the events of one watcher. */
  private static final class Events implements Watcher {
    private final BlockingQueue<WatchedEvent> queue = new LinkedBlockingQueue<>();

    @Override
    public void process(WatchedEvent event) {
      queue.add(event);
    }

    void expect(EventType type, String path) throws Exception {
      for (;;) {
        WatchedEvent event = queue.poll(WAIT_SECONDS, TimeUnit.SECONDS);
        check(event != null, "no " + type + " " + path);
        if (event.getType() == EventType.None) {
          continue;
        }
        check(event.getType() == type && path.equals(event.getPath()), "got " + event);
        return;
      }
    }

    void expect(KeeperState state) throws Exception {
      for (;;) {
        WatchedEvent event = queue.poll(WAIT_SECONDS, TimeUnit.SECONDS);
        check(event != null, "no " + state);
        if (event.getState() == state) {
          return;
        }
      }
    }
  }

  private static void check(boolean condition, String what) {
    if (!condition) {
      throw new IllegalStateException(what);
    }
  }

  public static void main(String[] args) throws Exception {
    Events session = new Events();
    ZooKeeper zk = new ZooKeeper(args[0], TIMEOUT_MS, session);
    session.expect(KeeperState.SyncConnected);
    Events direct = new Events();
    ZooKeeper other = new ZooKeeper(args[1], TIMEOUT_MS, direct);
    direct.expect(KeeperState.SyncConnected);
    reconnects(zk, other, session);
    transactions(zk);
    other.close();
    zk.close();
    System.out.println("ok");
  }

  /** create2, all kinds of watches, a broken connection, setWatches2. */
  private static void reconnects(ZooKeeper zk, ZooKeeper other, Events session) throws Exception {
    Stat stat = new Stat();
    zk.create("/java", "one".getBytes(), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT, stat);
    check(stat.getDataLength() == 3 && stat.getCzxid() == stat.getMzxid(), "stat of create2");
    zk.create("/java/e", null, Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
    Events data = new Events();
    Events exists = new Events();
    Events children = new Events();
    Events persistent = new Events();
    Events recursive = new Events();
    zk.getData("/java", data, null);
    check(zk.exists("/java-later", exists) == null, "/java-later is there");
    zk.getChildren("/java", children);
    zk.addWatch("/java", persistent, AddWatchMode.PERSISTENT);
    zk.addWatch("/java/e", recursive, AddWatchMode.PERSISTENT_RECURSIVE);
    long id = zk.getSessionId();

    System.out.println("break");
    session.expect(KeeperState.Disconnected);
    other.setData("/java", "two".getBytes(), -1);
    other.create("/java-later", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    other.create("/java/child", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    session.expect(KeeperState.SyncConnected);
    check(zk.getSessionId() == id, "another session");
    data.expect(EventType.NodeDataChanged, "/java");
    exists.expect(EventType.NodeCreated, "/java-later");
    children.expect(EventType.NodeChildrenChanged, "/java");

    // Persistent watches were set again; what happened in between is not theirs to tell.
    persistent.queue.clear();
    other.setData("/java", "three".getBytes(), -1);
    persistent.expect(EventType.NodeDataChanged, "/java");
    zk.setData("/java/e", "x".getBytes(), 0);
    recursive.expect(EventType.NodeDataChanged, "/java/e");
    check(other.exists("/java/e", false).getEphemeralOwner() == id, "the ephemeral is gone");
    zk.removeAllWatches("/java", Watcher.WatcherType.Any, false);
    check("three".equals(new String(zk.getData("/java", false, null))), "data");
  }

  private static void transactions(ZooKeeper zk) throws Exception {
    List<OpResult> results =
        zk.multi(
            List.of(
                Op.create("/java-multi", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT),
                Op.setData("/java-multi", "x".getBytes(), 0),
                Op.check("/java-multi", 1),
                Op.delete("/java-multi", 1)));
    check(results.size() == 4, "results of multi");
    try {
      zk.multi(List.of(Op.delete("/java-later", 0), Op.check("/java-missing", 0)));
      check(false, "a failed multi went through");
    } catch (KeeperException.NoNodeException expected) {
      check(expected.getResults().size() == 2, "results of the failed multi");
    }
    List<OpResult> reads =
        zk.multi(List.of(Op.getData("/java"), Op.getChildren("/java-missing")));
    check(reads.get(0) instanceof OpResult.GetDataResult, "getData in a multiRead");
    check(reads.get(1) instanceof OpResult.ErrorResult, "error in a multiRead");
    check(zk.getAllChildrenNumber("/java") == 2, "getAllChildrenNumber");
    check(zk.getEphemerals("/java").equals(List.of("/java/e")), "getEphemerals");
    check(zk.whoAmI().size() == 1, "whoAmI");
  }
}
