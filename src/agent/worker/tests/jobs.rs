//! The runs, retries and cancellations of jobs.

use std::time::Duration;

use tokio::time::sleep;

use super::world::{ScriptedExecutor, World, phase_of, result_of, submission};
use crate::agent::{JobId, JobPhase, JobResult, JobSource, JobState, JobStoreError, StoreLimits, Submission};
use crate::error::Class;

#[tokio::test(start_paused = true)]
async fn job_is_retried_while_its_failure_is_temporary() {
    let executor = ScriptedExecutor::new([Some(Class::EngineGone), Some(Class::Unavailable), None]);
    let result = World::new()
        .run(&executor, async |jobs, _| {
            let id = jobs.submit(submission("web", None)).await.unwrap().id;
            sleep(Duration::from_millis(10_500)).await;
            assert!(matches!(phase_of(jobs, &id), JobPhase::Waiting { error, .. } if error.class == Class::EngineGone));
            result_of(jobs, &id).await
        })
        .await;
    assert_eq!((result, executor.runs().len()), (JobResult::Succeeded, 3));
}

#[tokio::test(start_paused = true)]
async fn refusal_is_not_retried_and_an_outage_is_retried_until_the_limit() {
    let refused = ScriptedExecutor::new([Some(Class::Refused)]);
    let lasting = ScriptedExecutor::new([Some(Class::Unavailable)]);
    for (executor, least, most) in [(&refused, 1, 1), (&lasting, 10, 50)] {
        let result = World::new()
            .run(executor, async |jobs, _| {
                let id = jobs.submit(submission("web", None)).await.unwrap().id;
                result_of(jobs, &id).await
            })
            .await;
        let runs = executor.runs().len();
        assert!(result == JobResult::Failed && (least..=most).contains(&runs), "{result:?} {runs}");
    }
}

#[tokio::test(start_paused = true)]
async fn history_is_ordered_by_end_and_not_by_acceptance() {
    let (world, executor) = (World::new(), ScriptedExecutor::new([Some(Class::Unavailable), None]));
    let ids = world
        .run(&executor, async |jobs, _| {
            let first = jobs.submit(submission("web", None)).await.unwrap().id;
            sleep(Duration::from_secs(1)).await;
            let mut ids = vec![first];
            for _ in 0..2 {
                ids.push(jobs.submit(submission("web", None)).await.unwrap().id);
            }
            ids.sort();
            for id in ids.iter().rev() {
                assert_eq!(result_of(jobs, id).await, JobResult::Succeeded);
            }
            ids
        })
        .await;
    let (jobs, _) = world.job_store();
    let known = |id: &&JobId| jobs.get(id).is_ok();
    assert_eq!(ids.iter().filter(known).count(), 2);
    assert!(known(&&ids[0]), "the job that ended last is in the history");
}

#[tokio::test(start_paused = true)]
async fn long_definitions_are_rejected_when_memory_is_used_up() {
    let world = World { limits: StoreLimits { open: 100, history: 100 }, ..World::new() };
    world
        .run(&ScriptedExecutor::new([None]), async |jobs, _| {
            let long = || Submission { definition: "x".repeat(4 << 20), ..submission("web", None) };
            let mut ids = Vec::new();
            let refused = loop {
                match jobs.submit(long()).await {
                    Ok(accepted) => ids.push(accepted.id),
                    Err(error) => break error,
                }
            };
            assert!(matches!(refused, JobStoreError::MemoryLimit { open: 4, .. }), "{refused}");
            result_of(jobs, &ids[0]).await;
            assert!(jobs.submit(long()).await.is_ok(), "the memory is free again");
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn job_cancelled_during_shutdown_does_not_run_again() {
    let (world, executor) = (World::new(), ScriptedExecutor::new([Some(Class::Unavailable)]));
    let id = world
        .run(&executor, async |jobs, shutdown| {
            let id = jobs.submit(submission("web", None)).await.unwrap().id;
            sleep(Duration::from_millis(10_500)).await;
            assert!(matches!(phase_of(jobs, &id), JobPhase::Waiting { .. }));
            jobs.cancel(&id).await.unwrap();
            shutdown.drain.cancel();
            assert_eq!(result_of(jobs, &id).await, JobResult::Cancelled);
            id
        })
        .await;
    let (jobs, _) = world.job_store();
    assert!(matches!(jobs.get(&id).unwrap().state, JobState::Ended { result: JobResult::Cancelled, .. }));
}

#[tokio::test(start_paused = true)]
async fn same_key_returns_the_same_job_even_after_a_restart() {
    let (world, executor) = (World::new(), ScriptedExecutor::new([None]));
    let first = world
        .run(&executor, async |jobs, _| {
            let twice =
                futures_util::future::join_all([(); 2].map(|()| jobs.submit(submission("web", Some("7"))))).await;
            let [first, second] = [0, 1].map(|at| twice[at].as_ref().unwrap());
            assert_eq!(first.id, second.id);
            assert!(first.is_duplicate != second.is_duplicate, "exactly one of them is the duplicate");
            result_of(jobs, &first.id).await;
            first.id.clone()
        })
        .await;
    let again = world.run(&executor, async |jobs, _| jobs.submit(submission("web", Some("7"))).await.unwrap()).await;
    assert_eq!((again.id, again.is_duplicate, executor.runs().len()), (first, true, 1));
}

#[tokio::test(start_paused = true)]
async fn open_jobs_continue_after_a_restart_oldest_first() {
    let (world, executor) = (World::new(), ScriptedExecutor::new([None]));
    let (running, waiting) = world
        .run(&ScriptedExecutor::new([Some(Class::Unavailable)]), async |jobs, _| {
            let waiting = jobs.submit(submission("waiting", None)).await.unwrap().id;
            sleep(Duration::from_millis(10_500)).await;
            let running = jobs.submit(submission("running", None)).await.unwrap().id;
            sleep(Duration::from_millis(100)).await;
            (running, waiting)
        })
        .await;
    world
        .run(&executor, async |jobs, _| {
            assert_eq!(jobs.open_count(), 2);
            for id in [&running, &waiting] {
                assert_eq!(result_of(jobs, id).await, JobResult::Succeeded);
            }
        })
        .await;
    assert_eq!(executor.runs(), ["waiting", "running"], "oldest first");
}

#[tokio::test(start_paused = true)]
async fn cancellation_survives_a_crash() {
    let (world, executor) = (World::new(), ScriptedExecutor::new([None]));
    let (jobs, _) = world.job_store();
    let id = jobs.submit(submission("web", None)).await.unwrap().id;
    jobs.cancel(&id).await.unwrap();
    drop(jobs);
    world.run(&executor, async |jobs, _| assert_eq!(result_of(jobs, &id).await, JobResult::Cancelled)).await;
    let (jobs, _) = world.job_store();
    assert!(matches!(jobs.get(&id).unwrap().state, JobState::Ended { result: JobResult::Cancelled, .. }));
}

#[tokio::test(start_paused = true)]
async fn job_can_be_cancelled_while_it_runs_or_waits() {
    let executor = ScriptedExecutor::new([Some(Class::Unavailable)]);
    World::new()
        .run(&executor, async |jobs, _| {
            for (after, runs) in [(Duration::from_millis(500), 1), (Duration::from_millis(10_500), 2)] {
                let id = jobs.submit(submission("web", None)).await.unwrap().id;
                sleep(after).await;
                assert!(jobs.cancel(&id).await.is_ok());
                sleep(Duration::from_millis(100)).await;
                assert_eq!((result_of(jobs, &id).await, executor.runs().len()), (JobResult::Cancelled, runs));
                assert!(matches!(jobs.cancel(&id).await, Err(JobStoreError::AlreadyEnded { .. })));
            }
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn full_store_rejects_jobs_and_drops_the_oldest_results() {
    let executor = ScriptedExecutor::new([None]);
    World::new()
        .run(&executor, async |jobs, _| {
            let mut ids = Vec::new();
            for _ in 0..4 {
                ids.push(jobs.submit(submission("web", Some(&ids.len().to_string()))).await.unwrap().id);
                sleep(Duration::from_millis(5)).await;
            }
            assert!(matches!(jobs.submit(submission("web", None)).await, Err(JobStoreError::Full { open: 4 })));
            sleep(Duration::from_secs(11)).await;
            let newest: Vec<_> = jobs.list(10, |_| true).into_iter().map(|view| view.id).collect();
            assert_eq!(newest, [ids[3].clone(), ids[2].clone()]);
            assert!(jobs.report(&ids[3]).unwrap().get().contains("schemaVersion"));
            assert!(jobs.report(&ids[0]).is_none());
            // The key of a job that has left the history can be used again.
            assert!(!jobs.submit(submission("web", Some("0"))).await.unwrap().is_duplicate);
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn unwritable_disk_rejects_new_jobs_and_loses_no_result() {
    let (world, executor) = (World::new(), ScriptedExecutor::new([None]));
    world
        .run(&executor, async |jobs, _| {
            let id = jobs.submit(submission("web", None)).await.unwrap().id;
            sleep(Duration::from_secs(1)).await;
            std::fs::rename(world.folder.path().join("requests"), world.folder.path().join("gone")).unwrap();
            assert!(matches!(jobs.submit(submission("new", None)).await, Err(JobStoreError::Journal(_))));
            assert!(jobs.probe().is_err());
            assert_eq!(result_of(jobs, &id).await, JobResult::Succeeded);
            assert!(jobs.report(&id).unwrap().get().contains("schemaVersion"));
            std::fs::rename(world.folder.path().join("gone"), world.folder.path().join("requests")).unwrap();
        })
        .await;
    let (jobs, _) = world.job_store();
    assert_eq!(jobs.open_count(), 1, "the result is not on disk, so the job runs again");
}

#[tokio::test(start_paused = true)]
async fn managed_jobs_do_not_count_against_the_limits_of_the_store() {
    let (world, executor) = (World::new(), ScriptedExecutor::new([None]));
    world
        .run(&executor, async |jobs, _| {
            let file = |at| Submission { submitted_by: JobSource::Folder, ..submission(&format!("{at}.json"), None) };
            let files: Vec<_> = (0..40).map(|at| jobs.add_managed_job(file(at))).collect();
            sleep(Duration::from_secs(1)).await;
            let began = |phase: &JobPhase| *phase == JobPhase::Running;
            assert_eq!(
                files.iter().map(|id| phase_of(jobs, id)).filter(began).count(),
                32,
                "the other jobs wait for a permit"
            );
            jobs.remove_managed_job(&files[39]);
            assert!(matches!(jobs.get(&files[39]), Err(JobStoreError::NotFound { .. })));
            for _ in 0..3 {
                let id = jobs.submit(submission("web", None)).await.unwrap().id;
                assert_eq!(result_of(jobs, &id).await, JobResult::Succeeded);
            }
            let ended = |id: &JobId| matches!(jobs.get(id).unwrap().state, JobState::Ended { .. });
            assert!(files[..39].iter().all(ended) && jobs.report(&files[0]).is_some());
            assert_eq!(jobs.list(100, |_| true).len(), 39 + 2, "all managed jobs, and the history of the others");
        })
        .await;
    assert_eq!(
        std::fs::read_dir(world.folder.path().join("requests")).unwrap().count(),
        2,
        "only the history is on disk"
    );
}

#[tokio::test(start_paused = true)]
async fn panic_fails_its_job_and_no_other() {
    let (world, executor) = (World::new(), ScriptedExecutor::new([None]));
    *executor.panics.lock().unwrap() = true;
    let (first, report) = world
        .run(&executor, async |jobs, _| {
            let first = jobs.submit(submission("first", None)).await.unwrap().id;
            assert_eq!(result_of(jobs, &first).await, JobResult::Failed);
            let second = jobs.submit(submission("second", None)).await.unwrap().id;
            assert_eq!(result_of(jobs, &second).await, JobResult::Succeeded);
            let report = jobs.report(&first).unwrap();
            (first, report)
        })
        .await;
    let report = serde_json::to_string(&report).unwrap();
    assert!(report.contains("a defect of taskpull ended the work on this request"), "{report}");
    let (jobs, _) = world.job_store();
    assert!(matches!(jobs.get(&first).unwrap().state, JobState::Ended { result: JobResult::Failed, .. }));
    assert_eq!(executor.runs(), ["first", "second"], "it is not run again");
}
