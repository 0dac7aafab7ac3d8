import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.watch.PersistentWatcher;
import org.apache.curator.retry.RetryOneTime;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.data.Stat;

/** Curator's recipes against one server: CuratorScenarios HOST:PORT. */
public final class CuratorScenarios {
  private static final int WAIT_SECONDS = 15;

  private static void check(boolean condition, String what) {
    if (!condition) {
      throw new IllegalStateException(what);
    }
  }

  private static CuratorFramework client(String connect) throws Exception {
    CuratorFramework client =
        CuratorFrameworkFactory.newClient(connect, 10_000, 10_000, new RetryOneTime(100));
    client.start();
    check(client.blockUntilConnected(WAIT_SECONDS, TimeUnit.SECONDS), "not connected");
    return client;
  }

  public static void main(String[] args) throws Exception {
    try (CuratorFramework one = client(args[0]);
        CuratorFramework two = client(args[0])) {
      creates(one);
      System.out.println("ok creates");
      latch(one, two);
      System.out.println("ok latch");
      mutex(one, two);
      System.out.println("ok mutex");
      watcher(one, two);
      System.out.println("ok watcher");
      cache(one, two);
      System.out.println("ok cache");
    }
  }

  private static void creates(CuratorFramework client) throws Exception {
    Stat stat = new Stat();
    client
        .create()
        .storingStatIn(stat)
        .creatingParentContainersIfNeeded()
        .withMode(CreateMode.PERSISTENT)
        .forPath("/curator/creates/a", "x".getBytes());
    check(stat.getDataLength() == 1, "create2 has no Stat");
    check(client.checkExists().forPath("/curator/creates") != null, "no container");
    String made =
        client
            .create()
            .withProtection()
            .withMode(CreateMode.EPHEMERAL_SEQUENTIAL)
            .forPath("/curator/creates/p-");
    check(made.endsWith("0000000001"), made);
    client
        .transaction()
        .forOperations(
            client.transactionOp().create().forPath("/curator/creates/t"),
            client.transactionOp().delete().forPath("/curator/creates/t"));
    client.delete().guaranteed().deletingChildrenIfNeeded().forPath("/curator/creates");
  }

  private static void latch(CuratorFramework one, CuratorFramework two) throws Exception {
    LeaderLatch first = new LeaderLatch(one, "/curator/latch", "one");
    first.start();
    check(first.await(WAIT_SECONDS, TimeUnit.SECONDS), "the first does not lead");
    LeaderLatch second = new LeaderLatch(two, "/curator/latch", "two");
    second.start();
    check(!second.await(200, TimeUnit.MILLISECONDS), "two leaders");
    first.close();
    check(second.await(WAIT_SECONDS, TimeUnit.SECONDS), "the second does not lead");
    second.close();
  }

  private static void mutex(CuratorFramework one, CuratorFramework two) throws Exception {
    InterProcessMutex first = new InterProcessMutex(one, "/curator/mutex");
    InterProcessMutex second = new InterProcessMutex(two, "/curator/mutex");
    check(first.acquire(WAIT_SECONDS, TimeUnit.SECONDS), "no lock");
    check(!second.acquire(200, TimeUnit.MILLISECONDS), "two hold the lock");
    first.release();
    check(second.acquire(WAIT_SECONDS, TimeUnit.SECONDS), "the lock was not handed on");
    second.release();
  }

  private static void watcher(CuratorFramework one, CuratorFramework two) throws Exception {
    BlockingQueue<String> paths = new LinkedBlockingQueue<>();
    one.create().creatingParentsIfNeeded().forPath("/curator/watched");
    try (PersistentWatcher watcher = new PersistentWatcher(one, "/curator/watched", true)) {
      watcher.getListenable().addListener(event -> {
        if (event.getPath() != null) {
          paths.add(event.getType() + " " + event.getPath());
        }
      });
      BlockingQueue<Boolean> set = new LinkedBlockingQueue<>();
      watcher.getResetListenable().addListener(() -> set.add(true));
      watcher.start();
      check(set.poll(WAIT_SECONDS, TimeUnit.SECONDS) != null, "the watch was not set");
      two.create().forPath("/curator/watched/a");
      two.setData().forPath("/curator/watched/a", "x".getBytes());
      two.delete().forPath("/curator/watched/a");
      String[] expected = {"NodeCreated", "NodeDataChanged", "NodeDeleted"};
      for (String type : expected) {
        String path = paths.poll(WAIT_SECONDS, TimeUnit.SECONDS);
        check((type + " /curator/watched/a").equals(path), type + ", not " + path);
      }
    }
  }

  private static void cache(CuratorFramework one, CuratorFramework two) throws Exception {
    two.create().creatingParentsIfNeeded().forPath("/curator/cached/a/b", "1".getBytes());
    BlockingQueue<String> seen = new LinkedBlockingQueue<>();
    try (CuratorCache cache = CuratorCache.build(one, "/curator/cached")) {
      cache.listenable().addListener((type, before, after) ->
          seen.add(type + " " + (after == null ? before : after).getPath()));
      cache.start();
      for (String path : new String[] {"", "/a", "/a/b"}) {
        expect(seen, "NODE_CREATED /curator/cached" + path);
      }
      two.setData().forPath("/curator/cached/a/b", "2".getBytes());
      expect(seen, "NODE_CHANGED /curator/cached/a/b");
      two.delete().forPath("/curator/cached/a/b");
      expect(seen, "NODE_DELETED /curator/cached/a/b");
    }
  }

  private static void expect(BlockingQueue<String> seen, String what) throws Exception {
    for (;;) {
      String next = seen.poll(WAIT_SECONDS, TimeUnit.SECONDS);
      check(next != null, "no " + what);
      // Touching a parent shows as a change of it, too.
      if (next.equals(what)) {
        return;
      }
    }
  }
}
