with touch_activities as (

    select * from {{ ref('int_touch_activities') }}

),

activities as (

    select activity_id, content_id from {{ ref('int_activities_classified') }}
    where content_id is not null

),

met as (

    select
        touch_activities.touch_id,
        activities.content_id,
        count(*) as activity_count
    from touch_activities
    inner join activities on touch_activities.activity_id = activities.activity_id
    group by touch_activities.touch_id, activities.content_id

)

select * from met
